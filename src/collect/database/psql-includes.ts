import { dirname, join } from 'node:path/posix';
import type { MigrationFile } from './find-migrations.ts';

/** Files that include one another deeper than this go in a circle. */
const maximumDepth = 16;

const include = /^\\(i|ir|include|include_relative)[ \t]+(?:'([^'\n]+)'|(\S+))[ \t]*;?[ \t]*$/;

/** Whether the file is a script for `psql` that runs others. */
export function includesOthers({ text }: MigrationFile): boolean {
  return text.split('\n').some(line => include.test(line));
}

/**
 * A script for `psql` as the parts that run one after the other in one session: its own lines, each where it stands, and
 * between them the files that it includes. https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-META-COMMAND-INCLUDE
 */
export function withIncludes(
  file: MigrationFile,
  read: (path: string) => MigrationFile | undefined,
): readonly MigrationFile[] {
  if (!includesOthers(file)) return [file];
  return partsOf(file, dirname(file.file), read, 0).map((part, index) =>
    index === 0 ? part : { ...part, continues: true },
  );
}

function partsOf(
  { file, text }: MigrationFile,
  start: string,
  read: (path: string) => MigrationFile | undefined,
  depth: number,
): readonly MigrationFile[] {
  const lines = text.split('\n');
  const parts: MigrationFile[] = [];
  let from = 0;
  const addOwn = (to: number): void => {
    const own = lines.map((line, index) => (index >= from && index < to ? line : '')).slice(0, to);
    if (own.some(line => line.trim() !== '')) parts.push({ file, text: own.join('\n') });
  };
  for (const [index, line] of lines.entries()) {
    const [found, command = '', quoted, plain = ''] = include.exec(line) ?? [];
    if (found === undefined) continue;
    addOwn(index);
    from = index + 1;
    const path = quoted ?? plain;
    // Without `r` it is the folder in which psql was started, which nobody wrote down.
    const folders = /r$|_relative$/.test(command) ? [dirname(file)] : [start, '.', '..', dirname(file)];
    const included = firstOf(folders.map(folder => () => read(join(folder, path))));
    if (included !== undefined && depth < maximumDepth) parts.push(...partsOf(included, start, read, depth + 1));
  }
  addOwn(lines.length);
  return parts;
}

function firstOf<T>(ways: readonly (() => T | undefined)[]): T | undefined {
  for (const way of ways) {
    const found = way();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The files that a script runs, at once or by way of others. */
export function includedBy(
  script: MigrationFile,
  read: (path: string) => MigrationFile | undefined,
): readonly string[] {
  const found = new Set<string>();
  withIncludes(script, path => {
    const file = read(path);
    if (file !== undefined && file.file !== script.file) found.add(file.file);
    return file;
  });
  return [...found];
}

/** Scripts that run others, without those that are run by one of them. */
export function entryScripts(files: readonly MigrationFile[]): readonly MigrationFile[] {
  const byName = new Map(files.map(each => [each.file, each]));
  const scripts = files.filter(includesOthers);
  const included = new Set(scripts.flatMap(script => includedBy(script, path => byName.get(path))));
  return scripts.filter(({ file }) => !included.has(file));
}
