import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const generated = join(import.meta.dirname, 'generated');

interface Example {
  readonly place: string;
  readonly code: string;
}

function filesBelow(folder: string, ending: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => ending.test(file))
    .map(file => join(folder, file))
    .toSorted();
}

/** The `@example` blocks of the doc comments. */
function inComments(file: string): readonly Example[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/@example\n((?: *\* ?.*\n)*?) *\*\//g)].map(match => ({
    place: `${relative(root, file)}:${text.slice(0, match.index).split('\n').length}`,
    code: (match[1] ?? '').replaceAll(/^ *\* ?/gm, ''),
  }));
}

/** The blocks of TypeScript in the pages. */
function inPages(file: string): readonly Example[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^```tsx?\n([\s\S]*?)^```$/gm)].map(match => ({
    place: `${relative(root, file)}:${text.slice(0, match.index).split('\n').length}`,
    code: match[1] ?? '',
  }));
}

/** What imports a file of the reader's app, or a package that is not installed here, cannot be checked. */
function isWhole({ code }: Example): boolean {
  return !/from '(?:@\/|@clerk\/)/.test(code);
}

/** What the package exports, and from which of its parts. */
function exported(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const indexes = [join(root, 'src/index.ts'), ...filesBelow(join(root, 'src'), /^[a-z-]+\/index\.ts$/)];
  for (const file of indexes) {
    const text = readFileSync(file, 'utf8');
    for (const match of text.matchAll(/export (type )?\{([^}]*)\}/g))
      for (const name of (match[2] ?? '')
        .split(',')
        .map(part => part.trim().replace(/^type /, ''))
        .filter(Boolean))
        if (!names.has(name)) names.set(name, file);
    for (const match of text.matchAll(/^export (?:async )?function (\w+)/gm))
      if (match[1] !== undefined) names.set(match[1], file);
  }
  return names;
}

/** What any file of the package exports to the others. */
function everywhere(): ReadonlyMap<string, string> {
  const files = filesBelow(join(root, 'src'), /(?<!\.test)\.ts$/);
  return new Map(
    files.flatMap(file =>
      [...readFileSync(file, 'utf8').matchAll(/^export (?:async )?function (\w+)/gm)].map(
        match => [match[1] ?? '', file] as const,
      ),
    ),
  );
}

/** An example as a module: what it uses of the package and does not import itself is imported for it. */
function asModule({ place, code }: Example, names: ReadonlyMap<string, string>): string {
  const own = new Map([...names].filter(([name]) => used(code, name) && !declared(code, name)));
  const imports = [...own].map(([name, file]) => {
    const from = relative(generated, file).replaceAll('\\', '/');
    return `import ${/^[A-Z]/.test(name) && isType(file, name) ? 'type ' : ''}{ ${name} } from '${from}';`;
  });
  const inner = code.replaceAll(/from '@drydock\/guard(\/[a-z-]+)?'/g, (_, part: string | undefined) => {
    return `from '${relative(generated, join(root, `src${part ?? ''}/index.ts`)).replaceAll('\\', '/')}'`;
  });
  return `// ${place}\n${imports.join('\n')}\nexport {};\n${inner}`;
}

function used(code: string, name: string): boolean {
  return new RegExp(`(?<![.\\w'"/-])${name}\\b`).test(code);
}

function declared(code: string, name: string): boolean {
  return new RegExp(
    `(?:const|function|class|type|interface) (?:\\{[^}]*\\b)?${name}\\b|import [^;]*\\b${name}\\b[^;]*;`,
  ).test(code);
}

function isType(file: string, name: string): boolean {
  return new RegExp(`export type \\{[^}]*\\b${name}\\b`).test(readFileSync(file, 'utf8'));
}

test('every example of the doc comments and of the pages passes the type check', { timeout: 120_000 }, () => {
  const comments = filesBelow(join(root, 'src'), /(?<!\.test)\.ts$/).flatMap(inComments);
  const pages = [join(root, 'README.md'), ...filesBelow(join(root, 'docs'), /\.md$/)].flatMap(inPages).filter(isWhole);
  const examples = [...comments, ...pages];
  expect(comments.length).toBeGreaterThan(30);
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  const names = new Map([...everywhere(), ...exported()]);
  examples.forEach((example, index) =>
    writeFileSync(join(generated, `example-${index}.tsx`), asModule(example, names)),
  );
  writeFileSync(
    join(generated, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../../tsconfig.json',
      compilerOptions: {
        jsx: 'preserve',
        lib: ['es2023', 'dom'],
        module: 'esnext',
        moduleResolution: 'bundler',
        exactOptionalPropertyTypes: false,
        noImplicitOverride: false,
        noUnusedLocals: false,
        noUnusedParameters: false,
        noPropertyAccessFromIndexSignature: false,
      },
      include: ['.', '../world.d.ts'],
      exclude: [],
    }),
  );
  const tsc = join(root, '../node_modules/.bin/tsc');
  const { stdout } = spawnSync(tsc, ['-p', generated], { encoding: 'utf8', shell: process.platform === 'win32' });
  const problems = stdout
    .split('\n')
    .filter(line => /example-\d+\.tsx/.test(line))
    .map(line => line.replace(/^.*example-(\d+)\.tsx/, (_, index: string) => examples[Number(index)]?.place ?? ''));
  expect(problems).toEqual([]);
});

test('every function that the package exports shows an example', () => {
  const missing = [...exported()]
    .filter(([name, file]) => !isType(file, name) && /^[a-z]/.test(name))
    .filter(([name]) => {
      const sources = filesBelow(join(root, 'src'), /(?<!\.test)\.ts$/);
      return !sources.some(file => {
        const text = readFileSync(file, 'utf8');
        const at = text.search(new RegExp(`^export (?:async )?(?:function|const) ${name}\\b`, 'm'));
        return (
          at !== -1 && /@example[\s\S]*\*\/\s*(?:\/\/[^\n]*\n)*$/.test(text.slice(text.lastIndexOf('/**', at), at))
        );
      });
    });
  expect(missing.map(([name]) => name)).toEqual([]);
});
