import type { Policy, PolicyCommand, Table } from '../../model/database/types.ts';
import { list, record, type SqlNode } from '../sql-tree.ts';
import { rolesOfRole } from '../roles.ts';
import { parseSql } from '../sql.ts';
import { answerOf, rowsOfFunction } from './functions.ts';
import { scopeOfRow, type Arm, type Encoder, type Scope } from './encoder.ts';
import { expressionValue, unknown, unknownTruth } from './expression.ts';
import { apply, type Variable } from './formula.ts';
import { refusalOf, type PolicyReader } from './refused.ts';
import { selectArms } from './select.ts';
import type { Session } from './session.ts';
import { asTruth, both, either, exactly, sizeOf, yes, type Truth } from './value.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What a query reads: its arms, and where it stands. Queries in policies are not among them. */
export type OnSelect = (arms: readonly Arm[], scope: Scope) => void;

/** Cases of cases multiply: what no solver would be given is not written down either. */
const longestValue = 250_000;

/** An encoder for one session. */
export function createEncoder(vocabulary: Vocabulary, session: Session, onSelect?: OnSelect): Encoder {
  const known = new Map<string, Truth | 'asked'>();
  const encoder: Encoder = {
    vocabulary,
    session,
    expression: (node, scope) => {
      const value = expressionValue(encoder, node, scope);
      return sizeOf(value) <= longestValue ? value : unknown(encoder, 'an expression of too many cases', scope);
    },
    select: (body, scope) => {
      const arms = selectArms(encoder, body, scope);
      if (!scope.trail.some(name => name.startsWith('policies of '))) onSelect?.(arms, scope);
      return arms;
    },
    visible: (table, row, scope) => visibleTo(encoder, table, row, scope, known),
    answer: (definition, values, scope) => answerOf(encoder, definition, values, scope),
    rows: (definition, values, scope) => rowsOfFunction(encoder, definition, values, scope),
  };
  return encoder;
}

/** The rows of sub-queries are those that the policies let through: https://www.postgresql.org/docs/18/ddl-rowsecurity.html */
function visibleTo(
  encoder: Encoder,
  table: Table,
  row: string,
  scope: Scope,
  known: Map<string, Truth | 'asked'>,
): Truth {
  const live = exactly(encoder.vocabulary.live(table.name, row));
  const { role } = scope;
  if (role === undefined || !isBound(table, role)) return live;
  const mark = `policies of ${table.name}`;
  const key = `${mark} for ${role}`;
  const found = known.get(key);
  // Policies that read their own table by a query are refused; here a function stands between.
  if (found === 'asked')
    return both([live, unknownTruth(encoder, `the policies of '${table.name}', which read themselves`, scope)]);
  known.set(key, 'asked');
  const visible = found ?? named(encoder, table, role, key, [...scope.trail, mark]);
  known.set(key, visible);
  const of = (formula: string): string => (formula.startsWith('|') ? apply(formula, [row]) : formula);
  return both([live, { kind: 'truth', t: of(visible.t), f: of(visible.f), n: of(visible.n) }]);
}

/** The policies as functions of the row, so that each stands once. */
function named(encoder: Encoder, table: Table, role: string, key: string, trail: readonly string[]): Truth {
  const { vocabulary } = encoder;
  const row = vocabulary.row(table.name);
  const truth = policyTruth(encoder, { table, row, role, command: 'select', part: 'using', trail });
  const define = (name: string, body: string): string =>
    body === 'true' || body === 'false' ? body : vocabulary.define(`${key}: ${name}`, [row], body);
  return { kind: 'truth', t: define('true', truth.t), f: define('false', truth.f), n: define('null', truth.n) };
}

/** Whether policies bind a role on a table. */
export function isBound(table: Table, role: string): boolean {
  return table.rowSecurity && (table.owner !== role || table.forceRowSecurity);
}

/** Which policies are asked about which row. */
export interface PolicyQuestion {
  readonly table: Table;
  readonly row: Variable;
  readonly role: string;
  readonly command: Exclude<PolicyCommand, 'all'>;
  readonly part: 'using' | 'check';
  readonly trail?: readonly string[];
}

/** What the policies for a command say of a row: one permissive must hold and all restrictive ones. */
export function policyTruth(encoder: Encoder, question: PolicyQuestion): Truth {
  const { table, row, role, part, trail = [`policies of ${table.name}`] } = question;
  const scope = { ...scopeOfRow(encoder, table, row, role), trail };
  const holds = (policy: Policy): Truth => conditionTruth(encoder, conditionOf(policy, part), scope);
  // Without a condition a policy lets nothing through and keeps nothing back.
  const says = (policy: Policy): boolean => conditionOf(policy, part) !== undefined;
  const { permissive, restrictive } = applicablePolicies(encoder.vocabulary, question);
  if (refusal(encoder.vocabulary, question) !== undefined) return never;
  return both([either(permissive.filter(says).map(holds)), ...restrictive.filter(says).map(holds)]);
}

/** Of a statement that ends in an error nothing is true, nor false, nor null. */
const never: Truth = { kind: 'truth', t: 'false', f: 'false', n: 'false' };

/** Why every statement that these policies are asked about ends in an error; undefined where it does not. */
export function refusal(
  vocabulary: Vocabulary,
  question: Pick<PolicyQuestion, 'table' | 'role' | 'command' | 'part'>,
): string | undefined {
  const { permissive, restrictive } = applicablePolicies(vocabulary, question);
  const conditions = [...permissive, ...restrictive].map(policy => conditionOf(policy, question.part) ?? 'true');
  return permissive.length === 0
    ? undefined
    : refusalOf(question.table, conditions, readerFor(vocabulary, question.role));
}

function readerFor(vocabulary: Vocabulary, role: string): PolicyReader {
  return {
    database: vocabulary.database,
    role,
    policies: table => {
      const { permissive, restrictive } = applicablePolicies(vocabulary, { table, role, command: 'select' });
      return permissive.length === 0 || !isBound(table, role) ? [] : [...permissive, ...restrictive];
    },
    tree: condition => conditionNode(condition) ?? {},
  };
}

/** The policies that Postgres applies. Of restrictive ones only those that bind for sure. */
export function applicablePolicies(
  vocabulary: Vocabulary,
  { table, role, command }: Pick<PolicyQuestion, 'table' | 'role' | 'command'>,
): { readonly permissive: readonly Policy[]; readonly restrictive: readonly Policy[] } {
  const roles = rolesOfRole(role, vocabulary.database);
  const fitting = table.policies.filter(policy => policy.command === 'all' || policy.command === command);
  return {
    permissive: fitting.filter(policy => policy.permissive && policy.roles.some(name => roles.has(name))),
    restrictive: fitting.filter(
      policy => !policy.permissive && (policy.roles.includes(role) || policy.roles.includes('public')),
    ),
  };
}

/** Without WITH CHECK the new row must fit USING: https://www.postgresql.org/docs/18/sql-createpolicy.html */
function conditionOf(policy: Policy, part: 'using' | 'check'): string | undefined {
  return part === 'check' ? (policy.check ?? policy.using) : policy.using;
}

/** A condition as Postgres prints it, on the row in scope. */
export function conditionTruth(encoder: Encoder, condition: string | undefined, scope: Scope): Truth {
  if (condition === undefined) return yes;
  const node = conditionNode(condition);
  return node === undefined
    ? unknownTruth(encoder, `the condition ${condition.slice(0, 40)}`, scope)
    : asTruth(encoder.expression(node, scope));
}

function conditionNode(condition: string): SqlNode | undefined {
  try {
    const select = record(record(parseSql(`select ${condition}`)[0])['SelectStmt']);
    return record(record(record(list(select['targetList'])[0])['ResTarget'])['val']);
  } catch {
    return undefined;
  }
}
