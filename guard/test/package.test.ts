import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';

const root = dirname(import.meta.dirname);
const manifest: {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: unknown;
  readonly peerDependencies: Readonly<Record<string, string>>;
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const parts = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === 'string' ? [] : [[name, target['default'] ?? '', target] as const],
);

beforeAll(() => {
  const tsc = join(root, '../node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', join(root, 'tsconfig.build.json')], { shell: process.platform === 'win32' });
});

/** A built file with everything of the package that it imports. */
function reached(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const match of readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g))
    reached(resolve(dirname(file), match[1] ?? ''), seen);
  return seen;
}

/** What a bundler keeps: what is explained well must not weigh more for it. */
function codeOf(text: string): string {
  return text.replaceAll(/^\s*\/\*\*[\s\S]*?\*\/$|^\s*\/\/.*$/gm, '');
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^'";]*?from '([^']+)'|^import '([^']+)'/gm)].map(
    match => match[1] ?? match[2] ?? '',
  );
}

describe('the package', () => {
  test('has no dependency, and imports nothing but Node and its peers', () => {
    expect(manifest.dependencies).toBeUndefined();
    const allowed = Object.keys(manifest.peerDependencies);
    const wrong = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.js'))
      .flatMap(file => importsOf(join(root, 'dist', file)).map(name => [file, name] as const))
      .filter(([, name]) => !/^(?:\.|node:)/.test(name))
      .filter(([, name]) => !allowed.some(peer => name === peer || name.startsWith(`${peer}/`)));
    expect(wrong).toEqual([]);
  });

  test.each(parts)('%s stays small, and is refused on the edge', (name, target, conditions) => {
    const files = [...reached(join(root, target))];
    const sizeBytes = gzipSync(files.map(file => codeOf(readFileSync(file, 'utf8'))).join('\n')).length;
    expect(sizeBytes, `${name}: ${files.map(file => relative(root, file)).join(', ')}`).toBeLessThan(20_000);
    expect([conditions['edge-light'], conditions['workerd'], conditions['browser']]).toEqual(
      Array.from({ length: 3 }, () => './dist/edge.js'),
    );
  });

  test('says on the edge what to do instead', async () => {
    const edge = pathToFileURL(join(root, 'dist/edge.js')).href;
    await expect(import(/* @vite-ignore */ edge)).rejects.toThrow("export const runtime = 'nodejs'");
  });
});
