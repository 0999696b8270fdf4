import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

/** One complaint of the app's own type checker. */
export interface TypeError {
  readonly file: string;
  readonly line: number;
  /** `TS2345: Argument of type …` */
  readonly message: string;
}

/** What the type checker said; `skipped` with the reason when there is none. */
export type TypecheckAnswer =
  | { readonly kind: 'checked'; readonly errors: readonly TypeError[] }
  | { readonly kind: 'skipped'; readonly reason: string };

const limitMs = 180_000;

/** Runs `tsc --noEmit` with the TypeScript that the app itself has installed. */
export async function typecheck(root: string): Promise<TypecheckAnswer> {
  if (!existsSync(join(root, 'tsconfig.json'))) return { kind: 'skipped', reason: 'The app has no tsconfig.json.' };
  const compiler = findCompiler(root);
  if (compiler === undefined) return { kind: 'skipped', reason: 'TypeScript is not installed in the app.' };
  // What was checked before is kept, so that a second run looks only at what changed.
  const memory = join(root, '.drydock', 'types.tsbuildinfo');
  const answer = await execa(
    process.execPath,
    [compiler, '--noEmit', '--pretty', 'false', '--incremental', '--tsBuildInfoFile', memory, '--project', root],
    {
      cwd: root,
      reject: false,
      timeout: limitMs,
    },
  );
  if (answer.timedOut) return { kind: 'skipped', reason: `The type check took longer than ${limitMs / 1000} s.` };
  const errors = readErrors(answer.stdout);
  if (answer.exitCode !== 0 && errors.length === 0)
    return { kind: 'skipped', reason: `The type check itself failed: ${answer.stdout.slice(0, 300)}` };
  return { kind: 'checked', errors };
}

/** The errors that were not there before; only for these a repair is to blame. */
export function newErrors(before: TypecheckAnswer, after: TypecheckAnswer): readonly TypeError[] {
  if (after.kind === 'skipped') return [];
  const known = new Set(before.kind === 'checked' ? before.errors.map(error => `${error.file}\n${error.message}`) : []);
  return after.errors.filter(error => !known.has(`${error.file}\n${error.message}`));
}

function readErrors(output: string): readonly TypeError[] {
  return [...output.matchAll(/^(.+?)\((\d+),\d+\): error (TS\d+: .*)$/gm)].map(match => ({
    file: (match[1] ?? '').replaceAll('\\', '/'),
    line: Number(match[2]),
    message: match[3] ?? '',
  }));
}

function findCompiler(root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}
