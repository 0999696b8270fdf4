// Makes harbor's guarded twin: a copy of harbor, with what `drydock rescue` repaired, then with the guard.
// node examples/harbor-guarded/make.mjs   (npm run build first)
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tables } from './tables.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const harbor = join(here, '../harbor');
const leftOut = new Set(['node_modules', '.next', '.drydock', '.env', 'next-env.d.ts']);

/** Writes the twin anew and gives its folder: below harbor, where its packages are found. */
export async function makeTwin(name = 'guarded') {
  const twin = join(harbor, '.drydock', name, 'app');
  rmSync(twin, { recursive: true, force: true });
  mkdirSync(twin, { recursive: true });
  for (const name of readdirSync(harbor).filter(each => !leftOut.has(each)))
    cpSync(join(harbor, name), join(twin, name), { recursive: true });
  for (const patch of ['repairs.patch', 'guard.patch']) apply(join(here, patch), twin);
  await addMigration(join(twin, 'drizzle'));
  return twin;
}

/** `git apply` without the repository around it, whose ignore rules and settings say nothing about the copy. */
function apply(patch, twin) {
  execFileSync('git', ['apply', '--whitespace=nowarn', patch], {
    cwd: twin,
    env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(twin) },
    stdio: 'inherit',
  });
}

async function addMigration(folder) {
  const { guardSql, migrationFiles } = await import('@drydock/guard/sql');
  const { files, reverse } = migrationFiles(guardSql(tables), {
    tool: 'drizzle',
    folder: '.',
    present: readdirSync(folder),
    journal: readFileSync(join(folder, 'meta/_journal.json'), 'utf8'),
  });
  for (const { path, text } of [...files, reverse]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === basename(import.meta.url)) {
  process.stdout.write(`${relative(process.cwd(), await makeTwin())}\n`);
}
