import { onceForBoth } from '../../core/once.ts';
import type { Predicate, Term } from '../../core/predicate.ts';
import { conjunctsOf } from '../../logic/equalities.ts';
import { tableNamed } from '../../logic/named.ts';
import type { DatabaseModel, Table } from '../database/types.ts';
import { foreignLinks, keyOf } from './links.ts';
import type { OwnerHop } from './types.ts';

/** A key of one of several tables, and the values of other columns with which a policy looks for it there. */
export interface PolymorphicReference extends OwnerHop {
  readonly when: When;
}

/** Column to the values that it has then. */
type When = ReadonlyMap<string, readonly string[]>;

/**
 * Columns without a foreign key in which policies look for the key of a row of some table: `entity_type = 'project' and
 * exists (select from projects where id = entity_id)`. Only a row that names one that is there meets such a policy.
 */
export const polymorphicReferences = onceForBoth(findPolymorphic);

function findPolymorphic(table: Table, database: DatabaseModel): readonly PolymorphicReference[] {
  const keyed = new Set(foreignLinks(table, database).map(link => link.column));
  const conditions = table.policies.flatMap(policy => [policy.usingPredicate, policy.checkPredicate]);
  const found = conditions
    .flatMap(condition => (condition === undefined ? [] : lookUps(condition, new Map())))
    .filter(reference => !keyed.has(reference.column) && isKey(reference, table, database));
  return [...new Map(found.map(each => [`${each.column} ${each.table} ${[...each.when].join(';')}`, each])).values()];
}

/** The columns whose values name rows of one of several tables, or of a table only where another column says so. */
export function polymorphicColumns(table: Table, database: DatabaseModel): ReadonlySet<string> {
  const references = polymorphicReferences(table, database);
  const isOneOfSeveral = ({ column, table: name, when }: PolymorphicReference): boolean =>
    when.size > 0 || references.some(other => other.column === column && other.table !== name);
  return new Set(references.filter(isOneOfSeveral).map(({ column }) => column));
}

function isKey({ table: name, referencedColumn }: OwnerHop, from: Table, database: DatabaseModel): boolean {
  const target = tableNamed(database, name);
  return target !== undefined && target !== from && keyOf(target) === referencedColumn;
}

/** The look-ups of a condition, under what the alternatives that they stand in ask of the row itself. */
function lookUps(
  predicate: Predicate,
  when: When,
  rows: ReadonlyMap<string, string> = new Map(),
): readonly PolymorphicReference[] {
  switch (predicate.kind) {
    case 'or':
      return predicate.operands.flatMap(operand => lookUps(operand, when, rows));
    case 'and': {
      const told = new Map([...when, ...constantsOf(predicate)]);
      return predicate.operands.flatMap(operand => lookUps(operand, told, rows));
    }
    case 'exists': {
      const { name, table, where } = predicate.row;
      return lookUps(where, when, new Map([...rows, [name, table.replace(/^public\./, '')]]));
    }
    case 'compare':
      return predicate.operator === '=' ? comparedWith([predicate.left, predicate.right], when, rows) : [];
    default:
      return [];
  }
}

/** `entity_type = 'project'`, of the row itself, or several that would do. */
function constantsOf(predicate: Predicate): readonly (readonly [string, readonly string[]])[] {
  return conjunctsOf(predicate).flatMap((conjunct): readonly (readonly [string, readonly string[]])[] => {
    const any = conjunct.kind === 'or' ? conjunct.operands : [conjunct];
    const told = any.flatMap(constantIn);
    const [first] = told;
    return first === undefined || told.length < any.length || told.some(({ column }) => column !== first.column)
      ? []
      : [[first.column, told.map(({ value }) => value)]];
  });
}

function constantIn(predicate: Predicate): readonly { readonly column: string; readonly value: string }[] {
  if (predicate.kind !== 'compare' || predicate.operator !== '=') return [];
  const sides = [predicate.left, predicate.right];
  const own = sides.find(isOwnColumn);
  const constant = sides.find(term => term.kind === 'constant');
  return own === undefined || typeof constant?.value !== 'string'
    ? []
    : [{ column: own.column, value: constant.value }];
}

function comparedWith(
  sides: readonly Term[],
  when: When,
  rows: ReadonlyMap<string, string>,
): readonly PolymorphicReference[] {
  const own = sides.find(isOwnColumn);
  const other = sides.find(term => term.kind === 'column' && rows.has(term.row));
  const table = other?.kind === 'column' ? rows.get(other.row) : undefined;
  return own === undefined || other?.kind !== 'column' || table === undefined
    ? []
    : [{ column: own.column, table, referencedColumn: other.column, when }];
}

function isOwnColumn(term: Term): term is Extract<Term, { kind: 'column' }> {
  return term.kind === 'column' && term.row === 'self';
}
