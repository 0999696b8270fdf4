import { parse as parseJsonc } from 'jsonc-parser';
import type { NewFile } from '../core/fix.ts';
import { compareText } from '../core/place.ts';
import type { FixContext } from './context.ts';
import type { FixEdit } from './source/edit-set.ts';

/** The files of a new migration in the project's own layout, and the SQL that undoes it. */
export interface Migration {
  readonly newFiles: readonly NewFile[];
  readonly edits: readonly FixEdit[];
  readonly rollbackSql: string;
}

const breakpoint = '--> statement-breakpoint';

/** Writes statements as the next migration, after those of `earlier` fixes of the same round. */
export function migrationFiles(
  context: FixContext,
  statements: { readonly name: string; readonly up: readonly string[]; readonly down: readonly string[] },
  earlier: readonly { readonly newFiles: readonly NewFile[] }[],
): Migration {
  const layout = context.migrations;
  const rollbackSql = `${statements.down.join('\n')}\n`;
  if (layout === undefined) return { newFiles: [], edits: [], rollbackSql };
  const planned = earlier
    .flatMap(fix => fix.newFiles)
    .map(file => file.file)
    .filter(file => file.startsWith(`${layout.folder}/`));
  const present = context.sources.files.filter(file => file.startsWith(`${layout.folder}/`));
  const all = [...present, ...planned];
  const plain = (file: string): Migration => ({
    newFiles: [{ file, text: `${statements.up.join('\n')}\n` }],
    edits: [],
    rollbackSql,
  });
  switch (layout.tool) {
    case 'drizzle': {
      const index = nextNumber(all, layout.folder);
      const tag = `${String(index).padStart(4, '0')}_${statements.name}`;
      const text = `${statements.up.join(`\n${breakpoint}\n`)}\n`;
      return {
        newFiles: [{ file: `${layout.folder}/${tag}.sql`, text }],
        edits: journalEdits(context, { folder: layout.folder, tag, index }),
        rollbackSql,
      };
    }
    case 'supabase':
      return plain(`${layout.folder}/${nextVersion(all, layout.folder)}${statements.name}.sql`);
    case 'prisma':
      return plain(`${layout.folder}/${nextStamp(all)}_${statements.name}/migration.sql`);
    case 'plain':
      return plain(`${layout.folder}/${nextPlain(all, layout.folder)}_${statements.name}.sql`);
  }
}

function nextNumber(files: readonly string[], folder: string): number {
  const numbers = files
    .map(file => /^(\d+)[^/]*\.sql$/.exec(file.slice(folder.length + 1))?.[1])
    .flatMap(text => (text === undefined ? [] : [Number(text)]));
  return numbers.length === 0 ? 0 : Math.max(...numbers) + 1;
}

/** Files that are numbered by hand go on so: after a stamp, the next one of theirs would come before it. */
function nextVersion(files: readonly string[], folder: string): string {
  const isStamped = files.some(file => /\/\d{8,14}\D[^/]*$/.test(file));
  const isNumbered = files.some(file => /\/\d{1,7}_[^/]*\.sql$/.test(file));
  if (!isStamped && isNumbered) return `${nextPlain(files, folder)}_`;
  const dashed = files.filter(file => /\/\d{8,14}-[^/]*$/.test(file)).length;
  return `${nextStamp(files)}${dashed * 2 > files.length ? '-' : '_'}`;
}

/** The next number in the width of the others; where none has one, a name that comes after all of them. */
function nextPlain(files: readonly string[], folder: string): string {
  const names = files
    .map(file => file.slice(folder.length + 1))
    .filter(name => /^[^/]+\.sql$/.test(name))
    .sort(compareText);
  const last = names.at(-1);
  if (last !== undefined && !/^\d/.test(last)) {
    const [, stem = '', number = '0'] = /^(.*?)(?:_(\d{3})_\w+)?\.sql$/.exec(last) ?? [];
    return `${stem}_${String(Number(number) + 1).padStart(3, '0')}`;
  }
  const width = Math.max(3, ...names.map(name => /^\d+/.exec(name)?.[0].length ?? 0));
  return String(nextNumber(files, folder)).padStart(width, '0');
}

// Stamps count on from the newest, so that the same repository always gets the same names.
function nextStamp(files: readonly string[]): string {
  const stamps = files
    .map(file => /\/(\d{8,14})(?!\d)[^/]*(?:\/migration\.sql)?$/.exec(file)?.[1]?.padEnd(14, '0') ?? '')
    .sort(compareText);
  const last = stamps.at(-1);
  return last === undefined || last === '' ? '20000101000000' : String(BigInt(last) + 1n);
}

// A shared insertion: several migrations of one round each add their own entry, in order.
function journalEdits(
  context: FixContext,
  entry: { readonly folder: string; readonly tag: string; readonly index: number },
): readonly FixEdit[] {
  const file = `${entry.folder}/meta/_journal.json`;
  const text = context.sources.read(file);
  if (text === undefined) return [];
  const journal: unknown = parseJsonc(text);
  const entries: unknown =
    typeof journal === 'object' && journal !== null ? Reflect.get(journal, 'entries') : undefined;
  const last: unknown = Array.isArray(entries) ? entries.at(-1) : undefined;
  const close = text.lastIndexOf(']');
  if (close === -1) return [];
  const when = numberField(last, 'when') ?? 0;
  const lastIndex = numberField(last, 'idx') ?? -1;
  const version: unknown = typeof last === 'object' && last !== null ? Reflect.get(last, 'version') : '7';
  const value = {
    idx: entry.index,
    version: typeof version === 'string' ? version : '7',
    when: when + 60_000 * Math.max(1, entry.index - lastIndex),
    tag: entry.tag,
    breakpoints: true,
  };
  const body = JSON.stringify(value, null, 2)
    .split('\n')
    .map(line => `    ${line}`)
    .join('\n');
  const end = text.slice(0, close).trimEnd().length;
  return [{ file, start: end, end, text: `${last === undefined ? '' : ','}\n${body}`, shared: true }];
}

function numberField(value: unknown, name: string): number | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'number' ? found : undefined;
}
