import { plainName } from '../../../core/names.ts';
import type { Predicate, Term } from '../../../core/predicate.ts';
import { equalitiesOf } from '../../../logic/equalities.ts';
import type { Policy } from '../../../model/database/types.ts';
import type { Membership, TenancyModel } from '../../../model/tenancy/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { filled, lintFinding, listed, livePolicies, policyRemark } from '../lint.ts';

/** Policies that let in whoever has a row among the members, where others ask whether the membership is in force: who has left keeps them. */
export const check: Check = {
  id: 'database/membership-state-ignored',
  title: 'Ended membership still counts',
  severity: 'medium',
  cwe: 613,
  needs: 'database',
  judge: input => ({ findings: input.tenancy.memberships.flatMap(each => findingFor(each, input)), gaps: [] }),
};

function findingFor(membership: Membership, { database, tenancy }: CheckInput): readonly CheckFinding[] {
  if (membership.table === tenancy.root?.table || membership.table === tenancy.principal?.table) return [];
  const lookups = livePolicies(database).map(policy => ({ policy, asked: askedBy(policy, membership) }));
  const states = new Set(lookups.flatMap(({ asked }) => asked.flatMap(columns => columns.filter(isState))));
  const asks = (asked: readonly (readonly string[])[]): boolean => asked.some(columns => columns.some(isState));
  // A restrictive policy that asks stands before all others of its table.
  const guarded = new Set(
    lookups.filter(({ policy, asked }) => !policy.permissive && asks(asked)).map(({ policy }) => policy.table),
  );
  const ignoring = filled(
    lookups
      .filter(({ policy, asked }) => policy.permissive && asked.length > 0 && !asks(asked))
      .map(({ policy }) => policy)
      .filter(({ table }) => !guarded.has(table) && !isAboutMembership(table, membership, tenancy)),
  );
  if (states.size === 0 || ignoring === undefined) return [];
  const [first, ...rest] = ignoring;
  const tables = listed([...new Set(ignoring.map(({ table }) => table))].sort());
  return [
    lintFinding({
      subject: membership.table,
      message: `Policies of ${tables} let in whoever has a row in '${membership.table}', and do not ask for ${listed([...states].sort())} as other policies do.`,
      harm: `Somebody whose membership has ended, or never began, still reaches the rows of ${tables}.`,
      remarks: [policyRemark(first), ...rest.map(policyRemark)],
    }),
  ];
}

/** Whoever may see his own memberships, and what they are of, is told of those that wait, too. */
function isAboutMembership(table: string, membership: Membership, tenancy: TenancyModel): boolean {
  return table === membership.table || table === tenancy.root?.table;
}

/** For each look-up of the caller among the members, the columns of the membership that it names. */
function askedBy({ usingPredicate, checkPredicate }: Policy, membership: Membership): readonly (readonly string[])[] {
  return [usingPredicate, checkPredicate].flatMap(predicate =>
    predicate === undefined ? [] : lookupsIn(predicate, membership),
  );
}

function lookupsIn(predicate: Predicate, membership: Membership): readonly (readonly string[])[] {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return predicate.operands.flatMap(operand => lookupsIn(operand, membership));
    case 'exists': {
      const { name, table, where } = predicate.row;
      const below = lookupsIn(where, membership);
      if (table.replace(/^public\./, '') !== membership.table || !namesCaller(where, name, membership)) return below;
      return [columnsIn(where, name), ...below];
    }
    default:
      // What is negated lets nobody in.
      return [];
  }
}

function namesCaller(where: Predicate, row: string, { userColumn }: Membership): boolean {
  return equalitiesOf(where).some(
    sides =>
      sides.some(side => side.kind === 'column' && side.row === row && side.column === userColumn) &&
      sides.some(side => side.kind === 'principal'),
  );
}

/** The columns of a row that a condition names, wherever. */
function columnsIn(predicate: Predicate, row: string): readonly string[] {
  const ofTerm = (term: Term): readonly string[] => {
    if (term.kind === 'call') return term.arguments.flatMap(ofTerm);
    return term.kind === 'column' && term.row === row ? [term.column] : [];
  };
  switch (predicate.kind) {
    case 'compare':
      return [...ofTerm(predicate.left), ...ofTerm(predicate.right)];
    case 'is-null':
      return ofTerm(predicate.term);
    case 'and':
    case 'or':
      return predicate.operands.flatMap(operand => columnsIn(operand, row));
    case 'not':
    case 'maybe-absent':
      return columnsIn(predicate.operand, row);
    case 'exists':
      return columnsIn(predicate.row.where, row);
    default:
      return [];
  }
}

/** Whether a column says if the membership is in force. */
function isState(column: string): boolean {
  return /^(is_|membership_|member_)?(status|state|active|enabled|deleted|removed|suspended|disabled|archived|revoked|blocked|banned|accepted|approved)$|^(deleted|removed|left|ended|revoked|expire[sd]?|deactivated|suspended|archived|disabled|banned|accepted|approved|valid)_(at|on|until)$/.test(
    plainName(column),
  );
}
