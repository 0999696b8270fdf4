import type { RowVariable, Term } from '../core/predicate.ts';
import { tablesByName } from '../logic/closure.ts';
import { ownerColumnOf, type World } from '../logic/entails.ts';
import { assignedEqualitiesOf } from '../logic/equalities.ts';

/**
 * Whether the app itself says which row it is, or whose: by a constant or by how it is deployed (a team for demos, the
 * operator's own account). Nobody who calls picks another.
 */
export function isFixed(row: RowVariable, isNew: boolean, known: readonly RowVariable[], world: World): boolean {
  // The key of a new row says nothing of whose it is.
  return fixes(row, isNew ? ownedBy(row.table, world) : telling(row.table, world), known, world, new Set());
}

function fixes(
  row: RowVariable,
  names: readonly string[],
  known: readonly RowVariable[],
  world: World,
  seen: ReadonlySet<string>,
): boolean {
  if (seen.has(row.name)) return false;
  return assignedEqualitiesOf(row.where).some(([left, right]) => {
    const value = valueOf(row, names, left, right) ?? valueOf(row, names, right, left);
    if (value === undefined) return false;
    if (value.kind !== 'column') return isOfApp(value);
    const other = known.find(candidate => candidate.name === value.row);
    const others = other === undefined ? [] : telling(other.table, world);
    return (
      other !== undefined &&
      others.includes(value.column) &&
      fixes(other, others, known, world, new Set([...seen, row.name]))
    );
  });
}

function valueOf(row: RowVariable, names: readonly string[], own: Term, other: Term): Term | undefined {
  return own.kind === 'column' && own.row === row.name && names.includes(own.column) ? other : undefined;
}

function ownedBy(table: string, { tenancy }: World): readonly string[] {
  const column = ownerColumnOf(table, tenancy);
  return column === undefined ? [] : [column];
}

/** Columns that say which row it is, or whose. */
function telling(name: string, world: World): readonly string[] {
  const table = tablesByName(world.database).get(name);
  const unique = (table?.uniqueKeys ?? []).flatMap(key => (key.length === 1 ? key : []));
  return [...ownedBy(name, world), ...(table?.primaryKey.length === 1 ? table.primaryKey : []), ...unique];
}

/** A text or number that stands in the code, or what the app is deployed with; a truth value names nobody. */
function isOfApp(term: Term): boolean {
  if (term.kind === 'call') return term.arguments.length > 0 && term.arguments.every(isOfApp);
  if (term.kind === 'constant')
    return typeof term.value === 'string' ? term.value !== '' : typeof term.value === 'number';
  return term.kind === 'environment';
}
