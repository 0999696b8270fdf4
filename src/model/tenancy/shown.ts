import { plainName } from '../../core/names.ts';
import { once } from '../../core/once.ts';
import type { Predicate, Term } from '../../core/predicate.ts';
import { conjunctsOf } from '../../logic/equalities.ts';
import { isPublishedFlag } from '../../logic/published.ts';
import type { Column, DatabaseModel, Policy, Table } from '../database/types.ts';
import { appRoles, type AppRoles } from './app-roles.ts';
import { isPersonalColumn } from './names.ts';
import { alternativesOf, asksForStaff, conditionsOf, isFilledByFunction, isWriting, namesNobody } from './published.ts';
import { secretColumns } from './secrets.ts';
import type { TenancyModel } from './types.ts';
import { fitsWindow, isCatalogue } from './window.ts';
import { ownerOfTable } from './owner-of.ts';

/** What a column says of a row that is shown. */
export interface Mark {
  readonly column: string;
  readonly value: string | true;
  /** Whether it is shown, too, where the column is empty. */
  readonly orEmpty: boolean;
}

/** Rows of an owner that a policy shows to others by what stands in them; all of the marks have to be there. */
export interface Showing {
  readonly policy: Policy;
  readonly marks: readonly [Mark, ...Mark[]];
  /** `staff`: nobody else may write them. `owner`: his catalogue, shown to everybody on the internet. */
  readonly by: 'staff' | 'owner';
}

/**
 * How rows of a table are shown to others by design, read from its policies: `is_active = true` for visitors, `scope = 'all'`
 * where members can write no such row. Never where rows say something that one would not put into a window.
 */
export function showingsOf(table: Table, database: DatabaseModel, tenancy: TenancyModel): readonly Showing[] {
  return showingsIn(database)(tenancy)(table);
}

const showingsIn = once((database: DatabaseModel) =>
  once((tenancy: TenancyModel) => once((table: Table) => readShowings(table, database, tenancy))),
);

function readShowings(table: Table, database: DatabaseModel, tenancy: TenancyModel): readonly Showing[] {
  const ownership = ownerOfTable(tenancy, table.name)?.ownership;
  if (ownership?.kind !== 'tenant' && ownership?.kind !== 'user') return [];
  if (!table.rowSecurity || !fitsWindow(table, ownership.path[0].column)) return [];
  const staff = appRoles(database, tenancy);
  const reading = table.policies.filter(({ permissive, command }) => permissive && command === 'select');
  return reading.flatMap(policy =>
    alternativesOf(policy.usingPredicate ?? { kind: 'false' }).flatMap((condition): readonly Showing[] => {
      const [first, ...marks] = namesNobody(condition) ? conjunctsOf(condition).flatMap(markOf) : [];
      if (first === undefined) return [];
      const showing = { policy, marks: [first, ...marks] } as const;
      if (isWrittenByStaff(first, table, database, staff)) return [{ ...showing, by: 'staff' }];
      const isForVisitors = database.platform === 'supabase' && policy.roles.some(role => /^(public|anon)$/.test(role));
      return isForVisitors && showing.marks.some(mark => isOnDisplay(mark, table)) ? [{ ...showing, by: 'owner' }] : [];
    }),
  );
}

/** A column of the row that has to hold a constant. */
function markOf(condition: Predicate): readonly Mark[] {
  if (condition.kind !== 'compare' || condition.operator !== '=') return [];
  return [
    [condition.left, condition.right],
    [condition.right, condition.left],
  ].flatMap(([column, constant]) => {
    const value = constant?.kind === 'constant' ? constant.value : null;
    const { of, orEmpty } = filled(column, value);
    return of === undefined || (value !== true && typeof value !== 'string') ? [] : [{ column: of, value, orEmpty }];
  });
}

/** `coalesce(is_active, true)`: what it says where it is empty. */
function filled(
  term: Term | undefined,
  value: unknown,
): { readonly of: string | undefined; readonly orEmpty: boolean } {
  if (term?.kind === 'call' && term.name === 'coalesce' && term.arguments.length === 2) {
    const [column, other] = term.arguments;
    const orEmpty = other?.kind === 'constant' && other.value === value;
    return column?.kind === 'column' && other?.kind === 'constant'
      ? { of: column.column, orEmpty }
      : { of: undefined, orEmpty: false };
  }
  return { of: term?.kind === 'column' ? term.column : undefined, orEmpty: false };
}

/** Whether staff may mark rows so, and others, who write rows as well, may not: what is marked is meant for all. */
function isWrittenByStaff(mark: Mark, table: Table, database: DatabaseModel, staff: readonly AppRoles[]): boolean {
  const writing = table.policies.filter(policy => isWriting(policy) && policy.command !== 'delete');
  const others = writing
    .flatMap(policy => alternativesOf(policy.checkPredicate ?? policy.usingPredicate ?? { kind: 'true' }))
    .filter(condition => !asksForStaff(condition, staff));
  return (
    others.length > 0 &&
    others.every(condition => excludes(condition, mark)) &&
    writing.some(policy =>
      conditionsOf(policy).some(each => alternativesOf(each).some(one => asksForStaff(one, staff))),
    ) &&
    !isFilledByFunction(table, database, staff)
  );
}

/** The condition asks for another value of the column. */
function excludes(condition: Predicate, mark: Mark): boolean {
  return conjunctsOf(condition).some(each => {
    const [inner, positive] = each.kind === 'not' ? [each.operand, false] : [each, true];
    if (inner.kind !== 'compare') return false;
    const sides = [inner.left, inner.right];
    const constant = sides.find(term => term.kind === 'constant');
    if (!sides.some(term => term.kind === 'column' && term.row === 'self' && term.column === mark.column)) return false;
    if (constant?.kind !== 'constant') return false;
    const isOther = constant.value !== mark.value;
    return (inner.operator === '=' && isOther === positive) || (inner.operator === '<>' && isOther !== positive);
  });
}

/** The mark says that the row is for others to see; that it is in use says so of what one puts into a window alone. */
function isOnDisplay({ column, value }: Mark, table: Table): boolean {
  const [name, word] = [plainName(column), String(value)];
  const isFlag = value === true;
  if (!isFlag && !/(^|_)(status|state|estado|visibility)$/.test(name)) return false;
  const said = isFlag ? name : plainName(word);
  return displayed.test(said) || (isFlag && isPublishedFlag(column)) || (inUse.test(said) && isCatalogue(table));
}

const displayed =
  /(^|_)(available|visible|published|public|listed|bookable|displayed?|shown?|on_sale|in_stock|publicado|publie)(_|$)/;
const inUse = /(^|_)(active|enabled|live|online|ativo|activo|actif|aktiv)(_|$)/;

/**
 * Whether a flag that shows a row to everybody is set by its owner: one that every new row has without anybody's doing says
 * nothing of his wish, where rows hold something about a person or a secret.
 */
export function isOwnersWish({ startsTrue }: Column, table: Table): boolean {
  return (
    startsTrue !== true ||
    !(secretColumns(table).length > 0 || table.columns.some(({ name }) => isPersonalColumn(name)))
  );
}
