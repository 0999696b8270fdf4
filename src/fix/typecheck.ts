import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

/** What the app's own type checker says of a folder. */
export type TypecheckAnswer =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly errors: readonly { readonly file: string; readonly line: number; readonly message: string }[] }
  | { readonly kind: 'skipped'; readonly reason: string };

/** Runs `tsc --noEmit` with the typescript that the app would use. */
export async function typecheck(root: string): Promise<TypecheckAnswer> {
  if (!existsSync(join(root, 'tsconfig.json'))) return { kind: 'skipped', reason: 'The app has no tsconfig.json.' };
  const compiler = findCompiler(root);
  if (compiler === undefined) return { kind: 'skipped', reason: 'The app’s typescript is not installed.' };
  const answer = await execa(process.execPath, [compiler, '--noEmit', '--pretty', 'false', '--incremental', 'false', '--project', root], { cwd: root, reject: false });
  if (answer.exitCode === 0) return { kind: 'passed' };
  const errors = [...answer.stdout.matchAll(/^(.+?)\((\d+),\d+\): error (TS\d+: .+)$/gm)].map(match => ({ file: match[1] ?? '', line: Number(match[2]), message: match[3] ?? '' }));
  return { kind: 'failed', errors: errors.length > 0 ? errors : [{ file: 'tsconfig.json', line: 1, message: answer.stdout.slice(0, 400) }] };
}

function findCompiler(root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}
