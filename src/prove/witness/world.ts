import { isUnique } from '../../model/tenancy/links.ts';
import type { Sql, SolverModel } from '../../core/ports.ts';
import { quoteLiteral } from '../../core/quote.ts';
import type { Column, Table } from '../../model/database/types.ts';
import { makeKey } from '../exploit/keys.ts';
import { literalRow, type LiteralRow } from '../exploit/literal-row.ts';
import type { Range } from '../exploit/range.ts';
import type { ProofGoal } from '../proof/goals.ts';
import { momentFor } from '../exploit/values.ts';
import type { WitnessValues } from './values.ts';
import { tableNamed } from '../../logic/named.ts';

/** Rows that the solver made up, and what they need to be there. */
export interface WitnessWorld {
  /** In the order in which they are inserted. */
  readonly rows: readonly WitnessRow[];
  /** The victim's row: as it is there, or as the command makes it. */
  readonly target: WitnessRow;
  /** What an update makes the victim's row from. */
  readonly before: WitnessRow | undefined;
  /** What an update makes of the victim's row. */
  readonly after: WitnessRow | undefined;
}

/** One row, its values as SQL. */
export interface WitnessRow {
  readonly table: Table;
  readonly thing: string;
  readonly values: LiteralRow;
  /** Columns that the solver chose. */
  readonly chosen: ReadonlySet<string>;
}

/** What a world is made from. */
export interface WorldSources {
  readonly sql: Sql;
  readonly range: Range;
  readonly model: SolverModel;
  readonly goal: ProofGoal;
  readonly values: WitnessValues;
  readonly table: Table;
  readonly command: 'select' | 'insert' | 'update' | 'delete';
}

/** More rows than these make no world that anybody reads. */
const mostRows = 24;

/** The rows of a model, each filled up like one that is there already; undefined where that cannot be done. */
export async function buildWorld(sources: WorldSources): Promise<WitnessWorld | undefined> {
  const { model, range, table, command, goal } = sources;
  const rows: WitnessRow[] = [];
  for (const name of goal.used.keys()) {
    const found = tableNamed(range.database, name);
    if (found === undefined) continue;
    for (const thing of model.sorts.get(`row ${name}`) ?? [])
      if (model.answers.get(`live ${name} ${thing}`) === 'true') rows.push(await rowOf(sources, found, thing));
  }
  const [old, made] = [model.answers.get('the row'), model.answers.get('the new row')];
  const existing = rows.find(row => row.table === table && row.thing === old);
  const next = made === undefined ? undefined : await rowOf(sources, table, made);
  const target = goal.victims === 'the row' ? existing : next;
  if (target === undefined || (command !== 'insert' && existing === undefined)) return undefined;
  const parents = await parentsOf(sources, [...rows, ...(next === undefined ? [] : [next])]);
  const all = [...parents.toReversed(), ...rows];
  if (all.length > mostRows) return undefined;
  return {
    rows: all,
    target,
    before: target === next && command === 'update' ? existing : undefined,
    after: target === existing ? next : undefined,
  };
}

async function rowOf(sources: WorldSources, table: Table, thing: string): Promise<WitnessRow> {
  const { model, values } = sources;
  const used = sources.goal.used.get(table.name) ?? new Set();
  const chosen = new Map<string, string>();
  for (const column of table.columns.filter(each => used.has(each.name) && !each.generated)) {
    const value = model.answers.get(`${table.name} ${column.name} ${thing}`);
    const isNull = model.answers.get(`${table.name} ${column.name} is null ${thing}`) === 'true';
    const written = isNull ? 'null' : value === undefined ? undefined : values.of(value, table, column);
    if (written !== undefined) chosen.set(column.name, written);
  }
  return filled(sources, table, thing, chosen);
}

/** What the solver did not choose stands as in a row of the tenant's that is there: of the attacker's where it names him. */
async function filled(
  { sql, range, values }: WorldSources,
  table: Table,
  thing: string,
  chosen: ReadonlyMap<string, string>,
): Promise<WitnessRow> {
  const target = range.targets.get(table.name);
  const isOwn = [...chosen.values()].includes(quoteLiteral(values.user.id));
  const pattern =
    target === undefined ? await literalRow(sql, table, 'true') : isOwn ? target.ownRow : target.victimRow;
  const row = new Map<string, string>();
  for (const column of table.columns.filter(each => !each.generated)) {
    const value = chosen.get(column.name) ?? patternValue(table, column, thing, pattern);
    if (value !== undefined && (chosen.has(column.name) || isTold(table, column, value))) row.set(column.name, value);
  }
  return { table, thing, values: row, chosen: new Set(chosen.keys()) };
}

/** What is left to a default, or absent, is not written; keys are told, so that the row can be named. */
function isTold(table: Table, column: Column, value: string): boolean {
  return table.primaryKey.includes(column.name) || (value !== 'null' && !column.hasDefault);
}

function patternValue(table: Table, column: Column, thing: string, pattern: LiteralRow): string | undefined {
  const value = pattern.get(column.name);
  const isKey = [table.primaryKey, ...table.uniqueKeys].some(key => key.includes(column.name));
  // A moment of the seed is one of this run.
  if (!isKey || value === 'null') return value === 'null' ? value : (momentFor(column) ?? value);
  // Of a key of several columns one that is new will do.
  const refers = table.foreignKeys.some(key => key.columns.includes(column.name));
  const alone = isUnique(table, column.name);
  if (refers && !alone) return value;
  return /^(uuid|text|citext|character|varchar|integer|bigint|smallint|numeric)/.test(column.type)
    ? quoteLiteral(makeKey(column, `witness ${table.name} ${thing} ${column.name}`))
    : value;
}

/** Rows that the keys of others refer to and that are not there. */
async function parentsOf(sources: WorldSources, rows: readonly WitnessRow[]): Promise<readonly WitnessRow[]> {
  const { range, sql, values } = sources;
  const made: WitnessRow[] = [];
  for (const row of rows) await addParents(row);
  return made;

  async function addParents(row: WitnessRow): Promise<void> {
    for (const key of row.table.foreignKeys) {
      const target = range.database.tables.find(table => table.name === key.table);
      const wanted = new Map(
        key.columns.map((column, index) => [key.referencedColumns[index] ?? '', row.values.get(column) ?? 'null']),
      );
      if (target === undefined || [...wanted.values()].includes('null') || made.length > mostRows) continue;
      const isAlike = (other: WitnessRow): boolean =>
        other.table === target && [...wanted].every(([column, value]) => other.values.get(column) === value);
      if (rows.some(isAlike) || made.some(isAlike) || (await isThere(sql, target, wanted))) continue;
      const email = target.columns.find(column => column.name === 'email');
      const isUser = wanted.size === 1 && [...wanted.values()][0] === quoteLiteral(values.user.id);
      const chosen = new Map(
        isUser && email !== undefined ? [...wanted, ['email', quoteLiteral(values.user.email)] as const] : wanted,
      );
      const parent = await filled(sources, target, `parent ${made.length + 1}`, chosen);
      made.push(parent);
      await addParents(parent);
    }
  }
}

async function isThere(sql: Sql, table: Table, wanted: ReadonlyMap<string, string>): Promise<boolean> {
  const row = await literalRow(
    sql,
    table,
    [...wanted].map(([column, value]) => `t."${column.replaceAll('"', '""')}"::text = ${value}`).join(' and '),
  );
  return row.size > 0;
}
