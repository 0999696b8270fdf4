import { basename } from 'node:path';
import type { Gap } from '../../core/gap.ts';
import { withoutComments } from '../../core/sql-text.ts';
import type { MigrationFile } from './find-migrations.ts';

/** Migrations from the one on with which a database was begun anew, and what to say of it. */
export interface BegunAnew {
  readonly files: readonly MigrationFile[];
  readonly gaps: readonly Gap[];
}

/**
 * A project that moved to an empty database keeps its old migrations, and makes everything once more in a later one, which no
 * database can have run after them: it makes most of its tables again without asking whether they are there, and nothing that
 * only the files before it make is spoken of from then on.
 */
export function begunAnew(files: readonly MigrationFile[]): BegunAnew {
  if (files.some(({ anyOrder, continues }) => anyOrder === true || continues === true)) return { files, gaps: [] };
  const read = files.map(({ text }) => namesOf(withoutComments(text)));
  const first = read.findLastIndex(
    (own, at) =>
      at > 0 && files[at]?.repeats === undefined && makesAgain(own, read.slice(0, at)) && !isNeeded(read, at),
  );
  const file = files[first]?.file;
  if (file === undefined) return { files, gaps: [] };
  const reason = `'${basename(file)}' makes again what the migrations before it made, and nothing from it on speaks of what only those made: the database is taken to have been begun anew with it. Where it was not, name the folder: --migrations.`;
  return { files: files.slice(first), gaps: [{ reason, file, line: 1, settles: 0 }] };
}

/** What a migration makes and names, in small letters and without schemas. */
interface Names {
  /** Tables that it makes without asking whether they are there. */
  readonly plainly: readonly string[];
  readonly tables: readonly string[];
  readonly dropped: readonly string[];
  /** Tables, types, functions and views. */
  readonly made: readonly string[];
  readonly words: ReadonlySet<string>;
}

const written = String.raw`((?:"?\w+"?\s*\.\s*)?"?\w+"?)`;
const tables = new RegExp(String.raw`\bcreate\s+table\s+(if\s+not\s+exists\s+)?${written}`, 'gi');
const others = new RegExp(
  String.raw`\bcreate\s+(?:or\s+replace\s+)?(?:type|domain|function|procedure|(?:materialized\s+)?view)\s+(if\s+not\s+exists\s+)?${written}`,
  'gi',
);
const drops = /\bdrop\s+table\s+(?:if\s+exists\s+)?([^;]+)/gi;

function namesOf(text: string): Names {
  const made = [...text.matchAll(tables)].map(([, guard, name = '']) => ({ guard, name: plain(name) }));
  return {
    plainly: made.filter(({ guard }) => guard === undefined).map(({ name }) => name),
    tables: made.map(({ name }) => name),
    dropped: [...text.matchAll(drops)].flatMap(([, list = '']) =>
      list.split(',').map(each => plain(each.trim().split(/\s/)[0] ?? '')),
    ),
    made: [...made.map(({ name }) => name), ...[...text.matchAll(others)].map(([, , name = '']) => plain(name))],
    words: new Set(text.toLowerCase().match(/\w+/g)),
  };
}

function plain(name: string): string {
  return name.replaceAll(/["\s]/g, '').replace(/^.*\./, '').toLowerCase();
}

/** Two tables at least, and most of those that it makes, are there when it begins. */
function makesAgain({ plainly, dropped }: Names, before: readonly Names[]): boolean {
  if (plainly.length < 2) return false;
  const there = new Set<string>();
  for (const earlier of before) {
    for (const name of earlier.dropped) there.delete(name);
    for (const name of earlier.tables) there.add(name);
  }
  const again = plainly.filter(name => there.has(name) && !dropped.includes(name));
  return again.length >= 2 && again.length >= plainly.length * 0.8;
}

/** Whether something that only the files before it make is spoken of from this one on. */
function isNeeded(read: readonly Names[], first: number): boolean {
  const after = read.slice(first);
  const made = new Set(after.flatMap(names => names.made));
  const only = read.slice(0, first).flatMap(names => names.made.filter(name => !made.has(name)));
  return only.some(name => after.some(({ words }) => words.has(name)));
}
