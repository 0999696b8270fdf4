import { listed as inWords } from '../../core/list.ts';
import { objectName, type Cell } from '../../core/cell.ts';
import type { Evidence } from '../../core/finding.ts';
import type { Severity } from '../../core/verdict.ts';
import { callsOfCondition } from '../../logic/condition-tree.ts';
import { rolesOfRole } from '../../logic/roles.ts';
import { mayUse, requestRoles } from '../../model/database/roles.ts';
import type { DatabaseModel, Policy, SourcePlace, Table, View } from '../../model/database/types.ts';
import type { CheckFinding, CheckInput } from '../check.ts';
import { leaksOf, policyText } from './leaks.ts';

/** What leaks were already blamed on: what a lint says of the same cause would be said twice. */
export interface Blamed {
  readonly policies: ReadonlySet<string>;
  readonly objects: ReadonlySet<string>;
}

/** The policies (`table name`) and objects that a finding with a replay names. */
export function blamedIn(input: CheckInput): Blamed {
  const known = blames.get(input);
  if (known !== undefined) return known;
  const blamed = blamedBy(input);
  blames.set(input, blamed);
  return blamed;
}

/** Every check asks the same of the same input. */
const blames = new WeakMap<CheckInput, Blamed>();

function blamedBy(input: CheckInput): Blamed {
  const leaks = leaksOf(input);
  return {
    policies: new Set(
      leaks.flatMap(leak => ('policy' in leak && leak.policy !== undefined ? [policyKey(leak.policy)] : [])),
    ),
    objects: new Set(
      leaks.flatMap(leak => (leak.cause === 'owner' || leak.cause === 'truncate' ? [] : [objectName(leak.cell)])),
    ),
  };
}

/** How `Blamed` names a policy. */
export function policyKey(policy: Policy): string {
  return `${policy.table} ${policy.name}`;
}

/** Roles whose attempts to read the object were all refused count no more, when only visitors are meant. */
export function withoutRefusedVisitors(
  roles: readonly string[],
  object: string,
  { cells }: CheckInput,
): readonly string[] {
  const refused = (role: string): boolean => {
    const tried = cells.filter(cell => cell.role === role && cell.command === 'select' && objectName(cell) === object);
    return tried.length > 0 && tried.every(cell => cell.verdict === 'isolated' || cell.verdict === 'broken');
  };
  return roles.filter(role => role !== 'anon' || !refused(role));
}

/** Whether the role may name what is in the schema. */
export function mayEnter(role: string, schema: string, database: DatabaseModel): boolean {
  const known = database.facts?.schemas.find(candidate => candidate.name === schema);
  const names = rolesOfRole(role, database);
  return known === undefined || known.usage.some(name => names.has(name));
}

/** The roles of requests that may read a relation. */
export function readersOf(relation: Table | View, database: DatabaseModel): readonly string[] {
  return requestRoles(database).filter(
    role => mayUse(role, 'select', relation, database) && mayEnter(role, relation.schema, database),
  );
}

/** Policies of tables whose row security is on, and which therefore decide something. */
export function livePolicies(database: DatabaseModel): readonly Policy[] {
  return database.tables.filter(table => table.rowSecurity).flatMap(table => table.policies);
}

/** The texts of a policy's conditions. */
export function conditionsOf(policy: Policy): readonly string[] {
  return [policy.using, policy.check].filter(text => text !== undefined);
}

/** Names of the functions that any policy calls, as models name them. */
export function functionsInPolicies(database: DatabaseModel): ReadonlySet<string> {
  const calls = database.tables.flatMap(table => table.policies.flatMap(conditionsOf)).flatMap(callsOfCondition);
  return new Set(calls.map(call => call.name.replace(/^public\./, '')));
}

/** `'a', 'b' and 3 more`. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostNamed).map(name => `'${name}'`);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return inWords(shown);
}

const mostNamed = 6;

/** What a lint says of one object. */
export interface Remark {
  readonly object: string;
  /** What is shown of it: a policy, a definition. */
  readonly statement: string;
  readonly place: SourcePlace | undefined;
}

/** What a lint says of one or of many objects. */
export interface Lint {
  readonly subject: string;
  readonly harm: string;
  readonly message: string;
  readonly remarks: readonly [Remark, ...Remark[]];
  readonly repair?: NonNullable<CheckFinding['repair']>;
  /** Attempts that show it. */
  readonly replays?: readonly Evidence[];
  readonly severity?: Severity;
}

/** A finding from the catalog: no attempt was needed to see it. */
export function lintFinding({ subject, harm, message, remarks, repair, replays, severity }: Lint): CheckFinding {
  const [first] = remarks;
  const place = remarks.find(remark => remark.place !== undefined)?.place ?? { file: '', line: 0 };
  const evidence: readonly Evidence[] = remarks.map(remark => ({
    kind: 'policy',
    object: remark.object,
    statement: remark.statement,
  }));
  return {
    subject,
    harm,
    message,
    file: place.file,
    line: place.line,
    ...('endLine' in place && place.endLine !== undefined ? { endLine: place.endLine } : {}),
    object: first.object,
    pathIds: [],
    evidence: [...evidence, ...(replays ?? [])],
    ...(repair === undefined ? {} : { repair }),
    ...(severity === undefined ? {} : { severity }),
  };
}

/** A policy as a remark. */
export function policyRemark(policy: Policy): Remark {
  return { object: policy.table, statement: policyText(policy) ?? '', place: policy.definedAt };
}

/** Transcripts that stand beside cells, of what `isMeant` says. */
export function shownBeside(
  cells: readonly Cell[],
  isMeant: (about: string | undefined) => boolean,
): readonly Evidence[] {
  return cells.flatMap(cell =>
    cell.evidence
      .filter(({ about }) => about !== undefined && isMeant(about))
      .map(({ transcript }) => ({
        kind: 'replay',
        object: objectName(cell),
        role: cell.role,
        command: cell.command,
        transcript,
      })),
  );
}

/** A list that holds something, as its type says. */
export function filled<T>(list: readonly T[]): readonly [T, ...T[]] | undefined {
  const [first, ...rest] = list;
  return first === undefined ? undefined : [first, ...rest];
}
