import { tablesOfPeople } from '../../model/tenancy/people.ts';
import type { JudgedPath } from '../../checks/check.ts';
import type { Predicate, Term } from '../../core/predicate.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Preparation } from './replay.ts';

const mostPreparations = 12;

/** What the constants in an entry point's queries ask of rows (`status = 'delivered'`): without it nothing would be found or changed. */
export function preparationsFor(
  paths: readonly JudgedPath[],
  world: { readonly database: DatabaseModel; readonly tenancy: TenancyModel },
): readonly Preparation[] {
  const spared = new Set(tablesOfPeople(world.tenancy));
  const found = new Map<string, Preparation>();
  for (const path of paths) {
    const query = path.model.query;
    const rows = [{ name: 'self', table: query.table, where: query.where }, ...query.joined];
    for (const row of rows) {
      for (const wanted of constantsOf(row.where, row.name)) {
        const table = world.database.tables.find(candidate => candidate.name === row.table);
        const key = `${row.table}.${wanted.column}`;
        if (table === undefined || spared.has(row.table) || found.has(key) || isKey(table, wanted.column)) continue;
        if (table.columns.some(column => column.name === wanted.column))
          found.set(key, { table: row.table, ...wanted });
      }
    }
  }
  return [...found.values()].slice(0, mostPreparations);
}

/** Roles of the whole app (no tenant's) that guards ask for, sorted. */
export function rolesAskedFor(paths: readonly JudgedPath[]): readonly string[] {
  return [...new Set(paths.flatMap(path => path.model.facts.flatMap(fact => rolesOfFact(fact))))].sort();
}

/** Roles of the whole app that one fact asks for. */
export function rolesOfFact(fact: JudgedPath['model']['facts'][number]): readonly string[] {
  if (fact.weakness !== undefined) return [];
  if (fact.holds.kind === 'role') return fact.holds.tenant === undefined ? fact.holds.roles : [];
  return fact.holds.kind === 'condition' ? rolesInCondition(fact.holds.condition) : [];
}

function rolesInCondition(condition: Predicate): readonly string[] {
  if (condition.kind === 'and') return condition.operands.flatMap(rolesInCondition);
  if (condition.kind !== 'compare' || condition.operator !== '=') return [];
  const sides = [condition.left, condition.right];
  const asksUser = sides.some(side => side.kind === 'principal' && /^user\.\w*role$/i.test(side.attribute));
  return asksUser
    ? sides.flatMap(side => (side.kind === 'constant' && typeof side.value === 'string' ? [side.value] : []))
    : [];
}

function isKey(table: DatabaseModel['tables'][number], column: string): boolean {
  return (
    table.uniqueKeys.some(key => key.includes(column)) || table.foreignKeys.some(key => key.columns.includes(column))
  );
}

interface Wanted {
  readonly column: string;
  readonly value: string | null;
}

/** Only what must hold in any case: the operands of a conjunction. */
function constantsOf(predicate: Predicate, row: string): readonly Wanted[] {
  switch (predicate.kind) {
    case 'and':
      return predicate.operands.flatMap(operand => constantsOf(operand, row));
    case 'is-null':
      return isColumn(predicate.term, row) ? [{ column: predicate.term.column, value: null }] : [];
    case 'not':
      return predicate.operand.kind === 'is-null' &&
        isColumn(predicate.operand.term, row) &&
        /_(?:at|on)$|date/.test(predicate.operand.term.column)
        ? [{ column: predicate.operand.term.column, value: '2026-01-02' }]
        : [];
    case 'compare':
      return compared(predicate, row);
    default:
      return [];
  }
}

function compared(predicate: Extract<Predicate, { kind: 'compare' }>, row: string): readonly Wanted[] {
  const { left, right, operator } = predicate;
  const column = isColumn(left, row) ? left : isColumn(right, row) ? right : undefined;
  const other = column === left ? right : left;
  if (column === undefined) return [];
  if (other.kind === 'constant' && operator === '=' && other.value !== null)
    return [{ column: column.column, value: String(other.value) }];
  const isTime = other.kind === 'call' && /now|current_date|current_timestamp|date/i.test(other.name);
  if (!isTime) return [];
  const earlier = (operator === '<' || operator === '<=') === (column === left);
  return [{ column: column.column, value: earlier ? '2020-01-02' : '2030-01-02' }];
}

function isColumn(term: Term, row: string): term is Extract<Term, { kind: 'column' }> {
  return term.kind === 'column' && (term.row === row || (row === 'self' && term.row === 'self'));
}
