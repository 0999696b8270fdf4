import type { Predicate, RowVariable } from '../../core/predicate.ts';
import { once } from '../../core/once.ts';
import { termsOf } from '../../logic/terms.ts';
import { conditionsOf } from './published.ts';
import type { DatabaseModel, Policy } from '../database/types.ts';

/** A table that a condition asks for rows, and whether such a row lets in or refuses. */
export interface Asked {
  readonly row: RowVariable;
  readonly refuses: boolean;
}

/** Rows that a policy's conditions ask for. */
export const askedBy = once((policy: Policy): readonly Asked[] =>
  conditionsOf(policy).flatMap(condition => askedIn(condition, false)),
);

function askedIn(predicate: Predicate, refuses: boolean): readonly Asked[] {
  switch (predicate.kind) {
    case 'not':
      return askedIn(predicate.operand, !refuses);
    case 'and':
    case 'or':
      return predicate.operands.flatMap(operand => askedIn(operand, refuses));
    case 'maybe-absent':
      return askedIn(predicate.operand, refuses);
    case 'exists':
      return [{ row: predicate.row, refuses }, ...askedIn(predicate.row.where, refuses)];
    default:
      return [];
  }
}

/** Whether a part of a policy's conditions cannot be followed. */
export function isOpaque(policy: Policy): boolean {
  return conditionsOf(policy).some(holdsOpaque);
}

function holdsOpaque(predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'opaque':
      return true;
    case 'not':
    case 'maybe-absent':
      return holdsOpaque(predicate.operand);
    case 'and':
    case 'or':
      return predicate.operands.some(holdsOpaque);
    case 'exists':
      return holdsOpaque(predicate.row.where);
    default:
      return termsOf(predicate).some(term => term.kind === 'opaque');
  }
}

/** Tables whose rows only ever refuse: who stands in `blocked_users` belongs to nothing by that. */
export const refusingTables = once((database: DatabaseModel): ReadonlySet<string> => {
  const policies = database.tables.flatMap(table => table.policies);
  const asked = policies.flatMap(policy => askedBy(policy));
  const granting = new Set(asked.filter(({ refuses }) => !refuses).map(({ row }) => row.table));
  const opaque = policies.filter(isOpaque);
  const unfollowed = [
    ...opaque.map(({ using = '', check = '' }) => `${using} ${check}`),
    ...(opaque.length === 0 ? [] : database.functions.map(({ body }) => body)),
  ].join('\n');
  const refusing = asked.filter(({ refuses }) => refuses).map(({ row }) => row.table);
  return new Set(
    refusing.filter(table => !granting.has(table) && !unfollowed.includes(table.slice(table.lastIndexOf('.') + 1))),
  );
});
