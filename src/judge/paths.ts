import { createHash } from 'node:crypto';

import type { JudgedPath } from '../checks/check.ts';
import type { Cell } from '../core/cell.ts';
import type { Operation } from '../core/path.ts';
import { and, equals, or } from '../core/predicate.ts';
import type { Operator, Predicate, RowVariable, Term } from '../core/predicate.ts';
import type { Reason, Verdict } from '../core/verdict.ts';
import type { AbsenceReading } from '../logic/branches.ts';
import { sqlName, tablesByName } from '../logic/closure.ts';
import { isProof } from '../logic/credentials.ts';
import { entails, ownerColumnOf, ownersByTable, rootsOf } from '../logic/entails.ts';
import type { Answer, OwnedBy } from '../logic/entails.ts';
import { conjunctsOf, equalitiesOf, equalTo } from '../logic/equalities.ts';
import { mayVanish } from '../logic/presence.ts';
import { isChosen, renameRows, termKey, termsOf } from '../logic/terms.ts';
import type { DatabaseClient, Fact, QueryPath } from '../model/app/types.ts';
import type { Column, DatabaseModel } from '../model/database/types.ts';
import { isAuthenticationTable } from '../model/tenancy/secrets.ts';
import { isAdministrator, withoutStaff, type StaffWorld } from './administrators.ts';
import type { OpenTables } from './open-by-link.ts';
import { policyEffect, sqlRoleOf } from './policies.ts';
import { isFixed } from './fixed-rows.ts';
import { hangsOnOwn } from './hung-on.ts';
import { byIdWhereUsed } from './id-or-name.ts';
import { issuesSecret } from './issues.ts';
import { judgeService } from './services.ts';
import { membersByShownKey } from './shown-keys.ts';
import { judgeStorage, storageTable } from './storage.ts';
import { predicateText, sqlText, termText } from './sql-text.ts';
import { undecided } from './unfollowed.ts';
import { membershipTables } from '../model/tenancy/memberships.ts';

/** What judging a path needs besides the path. */
export interface JudgeWorld extends StaffWorld {
  readonly cells: readonly Cell[];
  /** What the app shows to whoever has the link. */
  readonly open?: OpenTables;
  /** Tables that the pages which are open so show. */
  readonly shown?: ReadonlySet<string>;
  /** What visitors add to it, whose key leads to it as well. */
  readonly openThrough?: ReadonlyMap<string, OpenTables>;
  /** Entry points that the user declared public, with the reason. */
  readonly publicEntries?: ReadonlyMap<string, string>;
}

/** A verdict with what it rests on. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly notes: readonly string[];
  /** The condition that does not tie the row to the caller, as it stands in the SQL text. */
  readonly unbound?: string;
}

/** The row a judgement is about: the query's own, or one that it joins or includes. */
interface Subject {
  readonly model: QueryPath;
  readonly row: RowVariable;
  readonly operation: Operation;
  /** Rows that exist beside it: the query's own row for a joined one. */
  readonly beside: readonly RowVariable[];
  /** What row security demands of the row as it is written. */
  readonly check?: Predicate;
  /** The value that is written: without it there is no write. */
  readonly written?: Term;
}

/** Judges one query as one entry point reaches it, and each row that it joins or includes. */
export function judgeQuery(model: QueryPath, world: JudgeWorld): readonly JudgedPath[] {
  const self: RowVariable = { name: 'self', table: model.query.table, where: ownCondition(model, world) };
  const main = judge({ model, row: self, operation: model.query.operation, beside: requiredRows(model) }, world);
  const judged = [toPath(model, main, self, 0)];
  if (main.verdict !== 'isolated' && main.verdict !== 'public') return judged;
  const visible = underPolicies(self, model, world);
  const keptInside = new Set(model.keptInside);
  for (const [index, row] of model.query.joined.entries()) {
    if (keptInside.has(row.name)) {
      judged.push(toPath(model, unseen, row, index + 1));
      continue;
    }
    const beside = [visible, ...requiredRows(model), ...referredRows(row, model)].filter(
      other => other.name !== row.name,
    );
    // What is loaded along with a row that is shown to everybody is shown with it.
    const shown = main.reason === 'published' ? main : partOfOwn(row, model, world);
    const joined = shown ?? judge({ model, row, operation: 'read', beside }, world);
    judged.push(toPath(model, joined, row, index + 1));
  }
  return judged;
}

/** A joined row that the code looks at, or does not use at all. */
const unseen = settled('isolated', 'guarded-lookup', 'The row itself never reaches the caller.');

/** Rows that come with one's own row and are no way to another tenant's: people it names, and children of a new row. */
function partOfOwn(row: RowVariable, model: QueryPath, world: JudgeWorld): Judgement | undefined {
  const ties = tiesOf(row);
  const { principal } = world.tenancy;
  const rows = new Set(['self', ...model.query.joined.map(other => other.name)]);
  const people = row.table === principal?.table ? tablesByName(world.database).get(row.table) : undefined;
  // By their id, or by what else is theirs alone (an address).
  const identifies = (name: string): boolean =>
    name === principal?.key || people?.uniqueKeys.some(key => key.length === 1 && key[0] === name) === true;
  if (people !== undefined && ties.some(tie => identifies(tie.own) && rows.has(tie.other.row)))
    return settled('isolated', 'scoped-by-membership', 'The caller’s own row names this person.');
  if (model.query.operation === 'insert' && isBelowNew(row, model, world))
    return settled('isolated', 'scoped-by-session', 'A new row has no other rows than those written with it.');
  return undefined;
}

/** It hangs on the new row, or on what hangs on it: which rows those that were written with it name is asked where they are. */
function isBelowNew(row: RowVariable, { query }: QueryPath, { database }: JudgeWorld): boolean {
  const keys = tablesByName(database).get(query.table)?.primaryKey ?? [];
  const isChild = (child: RowVariable): boolean =>
    tiesOf(child).some(({ other }) => other.row === 'self' && keys.length === 1 && keys[0] === other.column);
  const below = new Set(query.joined.filter(isChild).map(child => child.name));
  // What a row includes stands after it.
  for (const other of query.joined) if (tiesOf(other).some(tie => below.has(tie.other.row))) below.add(other.name);
  return below.has(row.name);
}

/** The columns of other rows that columns of the row are equal to. */
function tiesOf(row: RowVariable): readonly { readonly own: string; readonly other: ColumnTerm }[] {
  return equalitiesOf(row.where).flatMap(([left, right]) => {
    if (left.kind !== 'column' || right.kind !== 'column') return [];
    if (left.row === row.name) return [{ own: left.column, other: right }];
    return right.row === row.name ? [{ own: right.column, other: left }] : [];
  });
}

type ColumnTerm = Extract<Term, { kind: 'column' }>;

/** Joined rows without which the query returns nothing: of inner joins, and those that the filter compares. */
function requiredRows({ query }: QueryPath): readonly RowVariable[] {
  const compared = new Set(comparedRows(query.where));
  return query.joined
    .filter(row => row.required === true || compared.has(row.name))
    .flatMap(row => [row, ...referredIn(row, query.joined)]);
}

/** Joined rows that must be there for this one to be joined: those its own condition compares. */
function referredRows(row: RowVariable, { query }: QueryPath): readonly RowVariable[] {
  return referredIn(row, query.joined);
}

function referredIn(
  row: RowVariable,
  joined: readonly RowVariable[],
  seen: ReadonlySet<string> = new Set(),
): readonly RowVariable[] {
  const names = new Set(comparedRows(row.where));
  const next = joined.filter(other => other.name !== row.name && names.has(other.name) && !seen.has(other.name));
  return next.flatMap(other => [other, ...referredIn(other, joined, new Set([...seen, row.name, other.name]))]);
}

/** Rows whose columns stand in a comparison that every result satisfies; a comparison with NULL is never true. */
function comparedRows(where: Predicate): readonly string[] {
  switch (where.kind) {
    case 'compare':
      return where.operator.startsWith('is-')
        ? []
        : [where.left, where.right].flatMap(term => (term.kind === 'column' ? [term.row] : []));
    case 'and':
      return where.operands.flatMap(comparedRows);
    default:
      return [];
  }
}

/** What is known of the query's own row: its filter, or for an insert the values it gets. */
function ownCondition({ query }: QueryPath, { database, tenancy }: JudgeWorld): Predicate {
  if (query.operation !== 'insert') return query.where;
  const columns = tablesByName(database).get(query.table)?.columns ?? [];
  const required = new Set(columns.filter(each => each.notNull && !each.hasDefault).map(({ name }) => name));
  // An assignment, not a filter: the value may be NULL, where the column takes it.
  const operator = (column: string): Operator => (required.has(column) ? '=' : 'is-not-distinct-from');
  const assigned = query.values.map(({ column, value }): Predicate => ({
    kind: 'compare',
    operator: operator(column),
    left: { kind: 'column', row: 'self', column },
    right: value,
  }));
  const owner = ownerColumnOf(query.table, tenancy);
  const left = query.valuesOpen ? [] : columns.filter(each => each.name === owner && isLeftNull(each, query.values));
  const absent = left.map(({ name }): Predicate => ({
    kind: 'compare',
    operator: 'is-not-distinct-from',
    left: { kind: 'column', row: 'self', column: name },
    right: { kind: 'constant', value: null },
  }));
  // What a value may be one of, with what holds for each, stands in the condition of the new row.
  const among = conjunctsOf(query.where).filter(({ kind }) => kind === 'or');
  return and([...assigned, ...absent, ...among.map(part => withOperator(part, operator))]);
}

/** A column that an insert says nothing of, and that nothing else fills. */
function isLeftNull({ name, notNull, hasDefault }: Column, values: QueryPath['query']['values']): boolean {
  return !notNull && !hasDefault && !values.some(({ column }) => column === name);
}

function withOperator(predicate: Predicate, operator: (column: string) => Operator): Predicate {
  switch (predicate.kind) {
    case 'or':
      return or(predicate.operands.map(operand => withOperator(operand, operator)));
    case 'and':
      return and(predicate.operands.map(operand => withOperator(operand, operator)));
    case 'compare':
      return predicate.left.kind === 'column' && predicate.left.row === 'self'
        ? { ...predicate, operator: operator(predicate.left.column) }
        : predicate;
    default:
      return predicate;
  }
}

function judge(subject: Subject, world: JudgeWorld): Judgement {
  const { model, row } = subject;
  const declared = world.publicEntries?.get(model.entryPoint.name);
  if (declared !== undefined) return settled('public', 'declared-public', `You declared it public: ${declared}.`);
  if (
    model.principal === 'system' ||
    model.facts.some(fact => fact.holds.kind === 'system' && fact.weakness === undefined)
  ) {
    return settled('isolated', 'system', 'Only a verified system call comes here.');
  }
  if (model.query.calls !== undefined) return judgeCall(model, world);
  if (model.query.service !== undefined) return judgeServiceCall(subject, world);
  if (row.table === storageTable) return judgeStorage(model, world);
  const view = world.database.views.find(candidate => sqlName(candidate) === row.table);
  const table = tablesByName(world.database).get(row.table);
  if (view === undefined && table === undefined) {
    return settled('unknown', 'opaque', `The table '${row.table}' is in no migration or schema that was read.`);
  }
  const ownership = ownersByTable(world.tenancy).get(row.table)?.ownership;
  if (ownership?.kind === 'shared' && ownersByTable(world.tenancy).get(row.table)?.confidence === 'declared')
    return settled('public', 'declared-public', `You declared '${row.table}' public: ${ownership.because}.`);
  if (ownership?.kind === 'shared')
    return settled('public', 'no-owner', `'${row.table}' has no owner: ${ownership.because}`);
  if (isAdministrator(model, world))
    return settled('isolated', 'administrator', 'Only an administrator of the app comes here.');
  if (view !== undefined) return judgeView(subject, world);
  if (issuesSecret(model, row, world)) {
    return settled('isolated', 'capability', 'Only whoever receives the code that is written can do anything with it.');
  }
  if (ownership === undefined || ownership.kind === 'unknown') {
    const strong = model.facts.filter(fact => fact.weakness === undefined);
    const answer = askWith(subject, world, false)(strong, 'dropped');
    if (answer.kind === 'owned' && answer.by === 'capability') return owned(answer, subject);
    if (table !== undefined && isAuthenticationTable(table) && ownership?.kind === 'unknown' && isUseOfCode(subject))
      return settled('public', 'no-owner', `'${row.table}' holds one-time codes of the sign-in, which name no user.`);
    if (isOfInstallation(subject))
      return settled(
        'public',
        'no-owner',
        `'${row.table}' names no tenant and no user, and whichever row comes first is taken: the installation's own.`,
      );
    if (subject.operation === 'read' && !model.escapes)
      return settled('isolated', 'guarded-lookup', 'The row itself never reaches the caller.');
    const ask = (parent: RowVariable): Answer =>
      askWith({ model, row: parent, operation: 'read', beside: [] }, world, false)(strong, 'dropped');
    if (hangsOnOwn(subject, strong, ask, world))
      return settled(
        'isolated',
        'scoped-by-membership',
        `'${row.table}' names no owner, and the row is kept under the key of one that is the caller's own.`,
      );
    return settled('unknown', 'opaque', `Nothing tells who owns a row of '${row.table}'.`);
  }
  return judgeTable(subject, world);
}

function judgeServiceCall(subject: Subject, world: JudgeWorld): Judgement {
  const { model } = subject;
  if (isAdministrator(model, world))
    return settled('isolated', 'administrator', 'Only an administrator of the app comes here.');
  const beside = model.query.service?.sources ?? [];
  return judgeService(model, world, {
    ask: (row, facts) => {
      const others = beside.filter(other => other.name !== row.name);
      return askWith({ model, row, operation: 'read', beside: others }, world, false)(facts, 'dropped');
    },
    classify: facts => classify(subject, facts, world),
  });
}

/** Settings of the whole installation: the first row there is, whoever asks. Who asks for one among many says for which. */
function isOfInstallation({ model, row, operation }: Subject): boolean {
  const isFixed = (term: Term): boolean =>
    term.kind === 'constant' || term.kind === 'environment' || (term.kind === 'column' && term.row === 'self');
  return operation === 'read' && model.query.first === true && row.name === 'self' && termsOf(row.where).every(isFixed);
}

/** A code is made, looked up by itself, or looked at inside; one that leaves without being known is another matter. */
function isUseOfCode({ model, row, operation }: Subject): boolean {
  if (operation !== 'read' || !model.escapes) return true;
  return equalitiesOf(row.where).some(([left, right]) => isProof(left) || isProof(right));
}

function settled(verdict: Verdict, reason: Reason, ...notes: readonly string[]): Judgement {
  return { verdict, reason, notes };
}

function judgeTable(subject: Subject, world: JudgeWorld): Judgement {
  const { model, row, operation } = subject;
  const table = tablesByName(world.database).get(row.table);
  const effect = table === undefined ? undefined : policyEffect(table, operation, model.client, world.database);
  const withoutPolicy = judgeRow(subject, world);
  if (withoutPolicy.verdict === 'isolated' || effect === undefined) return withoutPolicy;
  if (!effect.applies)
    return sqlRoleOf(model.client) === undefined
      ? ownerNote(withoutPolicy, subject, world)
      : policyFault(withoutPolicy, subject);
  const policy = operation === 'insert' ? effect.check : effect.using;
  const withPolicy = judgeRow(
    { ...subject, check: effect.check, row: { ...row, where: and([row.where, rowNamed(policy, row.name)]) } },
    world,
    true,
  );
  if (withPolicy.verdict === 'isolated') return asNobody(subject, world) ?? byPolicy(subject, world);
  const cell = findCell(subject, world);
  if (withPolicy.verdict === 'unknown' && cell?.verdict === 'isolated') return byPolicy(subject, world);
  if (withPolicy.verdict === 'unknown' && cell?.verdict !== 'leaks') return withPolicy;
  return isBoundToCaller(model) ? policyFault(withoutPolicy, subject) : withPolicy;
}

/** A client that carries the caller's token acts as nobody where nobody is signed in; what the policies show then. */
function asNobody(subject: Subject, world: JudgeWorld): Judgement | undefined {
  const { model, row, operation } = subject;
  const table = tablesByName(world.database).get(row.table);
  const mayBeNobody =
    model.client.role === 'authenticated' && model.client.sqlRole === undefined && model.principal === 'anonymous';
  if (!mayBeNobody || table === undefined) return undefined;
  const anonymous: QueryPath = { ...model, client: { ...model.client, role: 'anon' } };
  const effect = policyEffect(table, operation, anonymous.client, world.database);
  const policy = operation === 'insert' ? effect.check : effect.using;
  const judged = judgeRow(
    { ...subject, model: anonymous, row: { ...row, where: and([row.where, rowNamed(policy, row.name)]) } },
    world,
  );
  return judged.verdict === 'leaks' ? policyFault(judged, { ...subject, model: anonymous }) : undefined;
}

/** The settings that policies read hold what the server verified; for a JWT client, the token does. */
function isBoundToCaller(model: QueryPath): boolean {
  return model.client.settings.every(({ value }) => value.kind === 'principal' || isVerifiedTenant(value, model));
}

function isVerifiedTenant(value: Term, model: QueryPath): boolean {
  return model.facts.some(
    fact =>
      fact.weakness === undefined &&
      ((fact.holds.kind === 'member' && termKey(fact.holds.tenant) === termKey(value)) ||
        (fact.holds.kind === 'row' && verifies(fact.holds.row, value))),
  );
}

/** A row of that tenant was found, and by more than what the caller sent. */
function verifies(row: RowVariable, tenant: Term): boolean {
  const terms = termsOf(row.where);
  const isOwn = (term: Term): boolean => term.kind === 'column' && term.row === row.name;
  return (
    terms.some(term => termKey(term) === termKey(tenant)) &&
    terms.some(term => !isOwn(term) && !isChosen(term) && term.kind !== 'constant')
  );
}

function byPolicy(subject: Subject, world: JudgeWorld): Judgement {
  const cell = findCell(subject, world);
  const because = `The policies of '${subject.row.table}' for the role '${sqlRoleOf(subject.model.client) ?? ''}' tie the row to the caller.`;
  if (cell?.verdict === 'leaks') return { verdict: 'leaks', reason: 'policy-leaks', notes: [cell.because] };
  return settled('isolated', 'scoped-by-policy', because);
}

function policyFault(judgement: Judgement, { model, row }: Subject): Judgement {
  if (judgement.verdict !== 'leaks') return judgement;
  const role = sqlRoleOf(model.client) ?? '';
  return {
    ...judgement,
    reason: 'policy-leaks',
    notes: [
      `The query leaves isolation to the database, and the policies of '${row.table}' for the role '${role}' do not give it.`,
    ],
  };
}

function ownerNote(judgement: Judgement, { model, row }: Subject, world: JudgeWorld): Judgement {
  const table = tablesByName(world.database).get(row.table);
  if (judgement.verdict !== 'leaks' || table === undefined || table.policies.length === 0) return judgement;
  const how =
    model.client.role === 'service'
      ? 'the service role bypasses policies'
      : 'the connection owns the table: policies do not apply';
  return { ...judgement, notes: [...judgement.notes, `'${row.table}' has policies, but ${how}.`] };
}

/** A policy speaks of `self`; a joined row has a name of its own. */
function rowNamed(predicate: Predicate, name: string): Predicate {
  // Rows of its sub-queries belong to this use of the policy alone; those that a setting was taken from do not.
  const inner = rowsBoundIn(predicate);
  return renameRows(predicate, row => (row === 'self' ? name : inner.has(row) ? `${name}>${row}` : row));
}

function rowsBoundIn(predicate: Predicate): ReadonlySet<string> {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return new Set(predicate.operands.flatMap(operand => [...rowsBoundIn(operand)]));
    case 'not':
    case 'maybe-absent':
      return rowsBoundIn(predicate.operand);
    case 'exists':
      return new Set([predicate.row.name, ...rowsBoundIn(predicate.row.where)]);
    default:
      return new Set();
  }
}

function findCell({ model, row, operation }: Subject, world: JudgeWorld): Cell | undefined {
  const role = sqlRoleOf(model.client);
  const command = operation === 'read' ? 'select' : operation;
  const mine = world.cells.filter(
    cell =>
      sqlName({ schema: cell.schema, name: cell.object }) === row.table &&
      cell.role === role &&
      cell.command === command &&
      cell.tier === 'api',
  );
  return mine.find(cell => cell.verdict === 'leaks') ?? mine.find(cell => cell.verdict !== 'unknown');
}

function judgeView(subject: Subject, world: JudgeWorld): Judgement {
  const direct = judgeRow(subject, world);
  if (direct.verdict === 'isolated') return direct;
  const cell = findCell(subject, world);
  if (cell?.verdict === 'isolated' || cell?.verdict === 'public')
    return settled('isolated', 'scoped-by-policy', `${cell.because}`);
  if (sqlRoleOf(subject.model.client) === undefined) return direct;
  if (cell === undefined)
    return settled('unknown', 'opaque', `What the view '${subject.row.table}' shows to the role was not replayed.`);
  return policyFault({ ...direct, verdict: 'leaks' }, subject);
}

function judgeCall(model: QueryPath, world: JudgeWorld): Judgement {
  const name = model.query.calls?.function ?? '';
  const cells = world.cells.filter(
    cell => cell.objectKind === 'function' && (cell.object === name || cell.object.startsWith(`${name}(`)),
  );
  const role = sqlRoleOf(model.client);
  const mine = cells.filter(cell => role === undefined || cell.role === role);
  const leak = mine.find(cell => cell.verdict === 'leaks');
  if (leak !== undefined) {
    const chosen = (model.query.calls?.arguments ?? []).some(({ value }) => isChosen(value));
    if (chosen || model.query.calls?.arguments.length === 0) return settled('leaks', 'policy-leaks', leak.because);
    return settled('isolated', 'scoped-by-session', `Every argument of '${name}' comes from the session.`);
  }
  const held = mine.find(cell => cell.verdict === 'isolated' || cell.verdict === 'public' || cell.verdict === 'broken');
  if (held !== undefined) return settled('isolated', 'scoped-by-policy', held.because);
  return settled('unknown', 'opaque', `The function '${name}' was not replayed.`);
}

/** The row alone, with the facts of the path. `policy` says that a policy is part of its condition. */
function judgeRow(subject: Subject, world: JudgeWorld, policy = false): Judgement {
  const { model, operation } = subject;
  const strong = model.facts.filter(fact => fact.weakness === undefined);
  const ask = askWith(subject, world, policy);
  const answer = ask(strong, 'dropped');
  if (operation === 'insert' && answer.kind !== 'owned') return judgeNewRow(subject, world, strong, answer);
  if (answer.kind === 'owned') {
    const written = operation === 'update' ? judgeWritten(subject, world, strong) : undefined;
    return written ?? owned(answer, subject);
  }
  const after = operation === 'read' ? ownedAfter(model, strong, ask) : undefined;
  if (after !== undefined)
    return after === 'published'
      ? owned({ kind: 'owned', by: after }, subject)
      : settled('isolated', 'guarded-lookup', 'The row is compared with the caller before it is used.');
  if (operation === 'read' && !model.escapes) {
    return settled(
      'isolated',
      'guarded-lookup',
      'The row itself never reaches the caller; what it chooses is judged where it is used.',
    );
  }
  const kept = anyMayVanish(subject, strong) ? whenKept(subject, strong, world, policy) : answer;
  const open = openByLink(subject, world, strong) ?? byShownKey(subject, world, strong);
  if (open !== undefined) return open;
  if (kept.kind === 'owned' && kept.by !== 'nobody') {
    return leak(
      'maybe-undefined',
      subject,
      'The filter that ties the row to the caller is left out when its value is undefined.',
    );
  }
  const weak = weakGuard(subject, ask);
  if (weak !== undefined) return weak;
  if (answer.kind === 'opaque') return settled('unknown', 'opaque', `Could not tell: ${answer.reason}.`);
  // Whatever was not followed may be undefined; that it is would be a guess.
  if (kept.kind === 'opaque' && absentFilters(subject.row.where).every(isUnfollowed))
    return settled('unknown', 'opaque', `Could not tell: ${kept.reason}.`);
  if (isOnlyKey(subject, world))
    return settled(
      'public',
      'named-by-app',
      'Only the key of whichever row comes first leaves; nobody who calls picks it.',
    );
  if (isOnlyCounted(subject))
    return settled('public', 'only-counted', 'Only a number over all rows leaves, and the caller picks none of them.');
  return classify(subject, strong, world);
}

/** By what right the row is the caller's as far as is known at each use of it; `undefined` when nothing ties it. */
function ownedAfter({ factsAfter, waysAfter = [] }: QueryPath, strong: readonly Fact[], ask: Ask): OwnedBy | undefined {
  const rightOf = (more: readonly Fact[]): OwnedBy | undefined => {
    if (more.length === 0) return undefined;
    const answer = ask([...strong, ...more.filter(fact => fact.weakness === undefined)], 'dropped');
    return answer.kind === 'owned' ? answer.by : undefined;
  };
  const always = rightOf(factsAfter);
  if (always !== undefined || waysAfter.length < 2) return always;
  const rights = waysAfter.map(rightOf);
  return rights.includes(undefined) ? undefined : (rights.find(right => right === 'published') ?? rights[0]);
}

/** What follows where no filter is left out. Filters of one query that exclude each other are not there together. */
function whenKept(subject: Subject, strong: readonly Fact[], world: JudgeWorld, policy: boolean): Answer {
  const all = askWith(subject, world, policy)(strong, 'kept');
  if (all.kind !== 'owned' || all.by !== 'nobody') return all;
  const parts = conjunctsOf(subject.row.where);
  const sure = parts.filter(part => part.kind !== 'maybe-absent');
  const alone = parts.filter(part => part.kind === 'maybe-absent').slice(0, mostAlone);
  const answers = [[], ...alone.map(part => [part])].map(more => {
    const where = and([...sure, ...more]);
    return askWith({ ...subject, row: { ...subject.row, where } }, world, policy)(strong, 'kept');
  });
  return answers.find(answer => answer.kind === 'owned' && answer.by !== 'nobody') ?? answers[0] ?? all;
}

const mostAlone = 8;

/** Whether a filter that is known may be left out: only then does it matter how that is read. */
function anyMayVanish({ row, beside }: Subject, facts: readonly Fact[]): boolean {
  const known = facts.flatMap(({ holds }) => {
    if (holds.kind === 'row') return [holds.row.where];
    return holds.kind === 'condition' ? [holds.condition] : [];
  });
  return [row.where, ...beside.map(other => other.where), ...known].some(mayVanish);
}

/** `count(*)` of everything, for a statistic: a number of rows picked by the caller would tell of those. */
function isOnlyCounted({ model, row, operation }: Subject): boolean {
  const { columns, joined } = model.query;
  const isCount = operation === 'read' && row.name === 'self' && columns?.length === 0 && joined.length === 0;
  return isCount && !termsOf(row.where).some(isChosen) && !termsOf(row.where).some(term => term.kind === 'opaque');
}

/** Which row came first, as an installation names itself by its oldest tenant: a key, and since when. */
function isOnlyKey(subject: Subject, { database }: JudgeWorld): boolean {
  const { columns = [], joined } = subject.model.query;
  const table = tablesByName(database).get(subject.row.table);
  const tellsNothing = (name: string): boolean =>
    table?.primaryKey.includes(name) === true || /^(?:created_?at|inserted_?at)$/i.test(name);
  return isOfInstallation(subject) && joined.length === 0 && columns.length > 0 && columns.every(tellsNothing);
}

/** The row, or the one it hangs on, was chosen by a key that opens a page of its own to anyone who has it. */
function openByLink(subject: Subject, world: JudgeWorld, strong: readonly Fact[]): Judgement | undefined {
  const { model, operation, row } = subject;
  if (model.principal !== 'anonymous' || operation === 'update' || operation === 'delete') return undefined;
  if (world.open === undefined || world.open.size === 0 || model.facts.some(fact => fact.weakness !== undefined))
    return undefined;
  if (operation === 'read' && !world.open.has(row.table) && world.shown?.has(row.table) !== true) return undefined;
  // Shown to those who sign in: that is another page than the one that the link leads to.
  if (model.factsAfter.some(fact => fact.holds.kind === 'signed-in')) return undefined;
  // What hangs on the open row comes with it.
  const through = [row.table, model.query.table].flatMap(table => [...(world.openThrough?.get(table) ?? [])]);
  const open = new Map([...through, ...world.open]);
  const answer = askWith(subject, world, false, open)(strong, 'dropped');
  if (answer.kind !== 'owned' || answer.by !== 'capability') return undefined;
  return settled(
    'public',
    'open-by-link',
    `Whoever has the link reaches '${row.table}': the app has a page for it without sign-in, and its key cannot be guessed.`,
  );
}

/** What a visitor adds or counts for the tenant whose publishable key stands in the page; what they would read is another matter. */
function byShownKey(subject: Subject, world: JudgeWorld, strong: readonly Fact[]): Judgement | undefined {
  const { operation, model } = subject;
  const counts =
    operation === 'update' && !model.query.valuesOpen && !model.query.values.some(({ value }) => isChosen(value));
  if (operation !== 'insert' && !counts) return undefined;
  const members = membersByShownKey(strong, world.tenancy);
  if (members.length === 0) return undefined;
  const answer = askWith(subject, world, false)([...strong, ...members], 'dropped');
  return answer.kind === 'owned' && answer.by === 'membership'
    ? settled(
        'public',
        'publishable-key',
        'A key that is made to stand in pages names the tenant, and it is written for that one.',
      )
    : undefined;
}

type Ask = (facts: readonly Fact[], absence: AbsenceReading) => Answer;

function askWith(
  { model, row, beside, operation, written }: Subject,
  world: JudgeWorld,
  policy: boolean,
  open?: OpenTables,
): Ask {
  return (facts, absence) => {
    const common = (condition: Predicate): Predicate => withoutStaff(condition, facts, world);
    const where = common(row.where);
    const own = where === row.where ? row : { ...row, where };
    return entails(
      {
        row: own,
        rows: byIdWhereUsed([...beside, ...facts.flatMap(fact => foundRow(fact, world))], own, world),
        conditions: facts.flatMap(fact => (fact.holds.kind === 'condition' ? [common(fact.holds.condition)] : [])),
        memberTenants: facts.flatMap(fact => memberTenant(fact)),
        // A token or setting that the database reads is the caller's own, whatever the code in front of it checked.
        ...(operation === 'insert' ? { ownerColumnAlone: true } : {}),
        ...(operation === 'read' && model.query.operation === 'read' ? { reads: true } : {}),
        ...(open === undefined ? {} : { open }),
        ...(written === undefined ? {} : { present: [written] }),
        signedIn: policy || model.principal !== 'anonymous' || facts.some(fact => fact.holds.kind === 'signed-in'),
        absence,
      },
      world,
    );
  };
}

/** A row that a look-up found; under row security the policies let it through, so they hold of it. */
function foundRow({ holds }: Fact, { database }: JudgeWorld): readonly RowVariable[] {
  if (holds.kind !== 'row') return [];
  const { row, client } = holds;
  return client === undefined ? [row] : [filtered(row, client, database)];
}

/** The query's own row as the policies let it through. */
function underPolicies(row: RowVariable, { client }: QueryPath, { database }: JudgeWorld): RowVariable {
  return filtered(row, client, database);
}

function filtered(row: RowVariable, client: DatabaseClient, database: DatabaseModel): RowVariable {
  const table = tablesByName(database).get(row.table);
  if (table === undefined) return row;
  const { using } = policyEffect(table, 'read', client, database);
  return { ...row, where: and([row.where, rowNamed(using, row.name)]) };
}

function memberTenant(fact: Fact): readonly Term[] {
  if (fact.holds.kind === 'member') return [fact.holds.tenant];
  return fact.holds.kind === 'role' && fact.holds.tenant !== undefined ? [fact.holds.tenant] : [];
}

const rights: Readonly<Record<OwnedBy, readonly [Reason, string]>> = {
  session: ['scoped-by-session', 'The row is tied to the session.'],
  membership: ['scoped-by-membership', 'The row is tied to a tenant of which the caller was found to be a member.'],
  capability: ['capability', 'The row is chosen by a secret that only those who were given it know.'],
  published: ['published', 'A column says that its owner shows the row to everybody.'],
  nobody: ['scoped-by-session', 'No row of another tenant can satisfy the condition.'],
};

function owned(answer: Extract<Answer, { kind: 'owned' }>, { model }: Subject): Judgement {
  const [reason, note] = rights[answer.by];
  if (reason === 'published') return settled('public', reason, note);
  const guarded =
    reason === 'scoped-by-membership' && model.facts.length === 0 ? 'The filter itself asks for membership.' : note;
  return settled('isolated', reason, guarded);
}

const weaknesses: readonly (readonly [Exclude<NonNullable<Fact['weakness']>, 'unfollowed'>, string])[] = [
  ['not-awaited', 'is not awaited: a promise is always truthy, and its failure comes too late'],
  ['result-dropped', 'answers, and nobody uses the answer'],
  ['fail-open', 'fails into a catch that goes on'],
  ['layout-only', 'stands in a layout, which does not run for every request to the page'],
];

function weakGuard({ model, row }: Subject, ask: Ask): Judgement | undefined {
  for (const [weakness, why] of weaknesses) {
    const facts = model.facts.filter(fact => fact.weakness === undefined || fact.weakness === weakness);
    const guard = facts.find(fact => fact.weakness === weakness);
    if (guard === undefined || ask(facts, 'dropped').kind !== 'owned') continue;
    return {
      verdict: 'leaks',
      reason: weakness,
      notes: [`The guard '${guard.label}' ${why}.`],
      ...unboundOf(row.where),
    };
  }
  return undefined;
}

/** What an insert writes: the owner it names, and the rows it refers to. */
function judgeNewRow(subject: Subject, world: JudgeWorld, facts: readonly Fact[], answer: Answer): Judgement {
  const { model, row } = subject;
  const ownerColumn = ownerColumnOf(row.table, world.tenancy);
  const value = model.query.values.find(entry => entry.column === ownerColumn)?.value;
  if (value === undefined && !model.query.valuesOpen && model.principal !== 'anonymous') {
    return settled('isolated', 'scoped-by-session', 'The new row names no owner.');
  }
  if (isFounding(row.table, ownerColumn, world) && !model.query.valuesOpen) {
    return settled('isolated', 'scoped-by-session', 'Whoever asks makes an account or a tenant of their own.');
  }
  const weak = weakGuard(subject, askWith(subject, world, false));
  if (weak !== undefined) return weak;
  const open = openByLink(subject, world, facts) ?? byShownKey(subject, world, facts);
  if (open !== undefined) return open;
  if (answer.kind === 'opaque') return settled('unknown', 'opaque', `Could not tell: ${answer.reason}.`);
  return classify(subject, facts, world);
}

/** A new user or a new tenant, which belongs to nobody else. */
function isFounding(table: string, ownerColumn: string | undefined, { tenancy }: JudgeWorld): boolean {
  return [tenancy.principal, ...rootsOf(tenancy)].some(
    entity => entity?.table === table && (ownerColumn === undefined || ownerColumn === entity.key),
  );
}

/** What an update writes into a row that is the caller's: another owner, or a reference to another tenant's row. */
function judgeWritten(subject: Subject, world: JudgeWorld, facts: readonly Fact[]): Judgement | undefined {
  const { model, row } = subject;
  const ownership = ownersByTable(world.tenancy).get(row.table)?.ownership;
  if (ownership?.kind !== 'tenant') return undefined;
  const [{ column }] = ownership.path;
  const value = model.query.values.find(entry => entry.column === column)?.value;
  if (value === undefined || !isChosen(value)) return undefined;
  const assigned = equals({ kind: 'column', row: 'new', column }, value);
  const where = subject.check === undefined ? assigned : and([assigned, rowNamed(subject.check, 'new')]);
  const next: RowVariable = { name: 'new', table: row.table, where };
  const answer = askWith({ ...subject, row: next, beside: [row], written: value }, world, false)(facts, 'dropped');
  if (answer.kind === 'owned') return undefined;
  // What leads to the tenant over another row is a reference to that row.
  const reason = ownership.path.length > 1 ? 'foreign-key' : 'client-id';
  const note = `The row can be moved to another tenant: '${column}' takes ${termText(value)}.`;
  return leak(reason, { ...subject, row: next }, note);
}

/** References to other tenants' rows that an insert or update of one's own row writes. */
export function foreignReferences(
  model: QueryPath,
  world: JudgeWorld,
): readonly { readonly column: string; readonly table: string; readonly value: Term }[] {
  const table = tablesByName(world.database).get(model.query.table);
  if (
    table === undefined ||
    model.query.calls !== undefined ||
    (model.query.operation !== 'insert' && model.query.operation !== 'update')
  )
    return [];
  const facts = model.facts.filter(fact => fact.weakness === undefined);
  const ownerColumn = ownerColumnOf(model.query.table, world.tenancy);
  return table.foreignKeys.flatMap(key => {
    const [column, referenced] = [key.columns[0], key.referencedColumns[0]];
    const value = model.query.values.find(entry => entry.column === column)?.value;
    if (column === undefined || referenced === undefined || key.columns.length > 1 || value === undefined) return [];
    if (!mayBeForeign(value, model) || column === ownerColumn || !isOthersRow(key.table, world)) return [];
    const parent: RowVariable = {
      name: 'referenced',
      table: key.table,
      where: equals({ kind: 'column', row: 'referenced', column: referenced }, value),
    };
    const subject: Subject = { model, row: parent, operation: 'read', beside: [], written: value };
    const answer = askWith(subject, world, false)(facts, 'dropped');
    const isForeign = answer.kind === 'not-owned' && !isSibling({ table: key.table, referenced, value }, model, world);
    return isForeign ? [{ column, table: key.table, value }] : [];
  });
}

/** A row that hangs on the same row as the one that is written, as was looked up: whose both are, is one question. */
function isSibling(
  { table, referenced, value }: { readonly table: string; readonly referenced: string; readonly value: Term },
  { facts, query }: QueryPath,
  { database, tenancy }: JudgeWorld,
): boolean {
  const ownership = ownersByTable(tenancy).get(query.table)?.ownership;
  if (ownership?.kind !== 'tenant') return false;
  const known = facts.filter(fact => fact.weakness === undefined && fact.each === undefined);
  const rows = known.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row] : []));
  const conditions = known.flatMap(({ holds }) => (holds.kind === 'condition' ? [holds.condition] : []));
  const own = query.operation === 'insert' ? [] : [query.where];
  const pairs = [...rows.map(row => row.where), ...conditions, ...own].flatMap(equalitiesOf);
  const withKey = (name: string, column: string, keys: ReadonlyMap<string, Term>): readonly RowVariable[] =>
    rows.filter(row => row.table === name && keys.has(termKey({ kind: 'column', row: row.name, column })));
  const siblings = withKey(table, referenced, equalTo(value, pairs));
  const parents = tablesByName(database).get(table)?.foreignKeys ?? [];
  const [owner] = ownership.path;
  const written = query.values.find(entry => entry.column === owner.column)?.value;
  if (siblings.length === 0 || (written === undefined && query.operation === 'insert')) return false;
  let next: readonly Term[] = [written ?? { kind: 'column', row: 'self', column: owner.column }];
  for (const [index, hop] of ownership.path.entries()) {
    const keys = new Map(next.flatMap(term => [...equalTo(term, pairs)]));
    const refersToo = parents.some(
      ({ columns: [column, ...others], table: parent, referencedColumns: [target] }) =>
        column !== undefined &&
        others.length === 0 &&
        parent === hop.table &&
        target === hop.referencedColumn &&
        siblings.some(row => keys.has(termKey({ kind: 'column', row: row.name, column }))),
    );
    if (refersToo) return true;
    const above = ownership.path[index + 1];
    if (above === undefined) return false;
    next = withKey(hop.table, hop.referencedColumn, keys).map(row => ({
      kind: 'column',
      row: row.name,
      column: above.column,
    }));
  }
  return false;
}

/**
 * A value the caller chose, or a column that an earlier look-up compared with one. What a stored row refers to is as
 * right as that row: whose it is, is asked where it is read.
 */
function mayBeForeign(value: Term, { facts, query }: QueryPath): boolean {
  if (value.kind !== 'column' || value.row === 'self') return isChosen(value);
  const known = [...facts.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row] : [])), ...query.joined];
  const pairs = known.flatMap(row => equalitiesOf(row.where));
  return [...equalTo(value, pairs).values()].some(isChosen);
}

/** Rows of a tenant, or of one person: but for the row that stands for the person, which others may well name. */
function isOthersRow(name: string, { database, tenancy }: JudgeWorld): boolean {
  if (name === tenancy.principal?.table || name === tenancy.root?.table) return false;
  const ownership = ownersByTable(tenancy).get(name)?.ownership;
  if (ownership?.kind !== 'user') return ownership?.kind === 'tenant';
  const table = tablesByName(database).get(name);
  const [{ column }] = ownership.path;
  return table?.uniqueKeys.some(([only, ...more]) => only === column && more.length === 0) === false;
}

function leak(reason: Reason, { row }: Subject, note: string): Judgement {
  return { verdict: 'leaks', reason, notes: [note], ...unboundOf(row.where) };
}

function unboundOf(where: Predicate): { readonly unbound?: string } {
  const chosen = conjunctsOf(where).find(conjunct => termsOf(conjunct).some(isChosen));
  return chosen === undefined ? {} : { unbound: predicateText(chosen) };
}

function isUnfollowed(filter: Predicate): boolean {
  return termsOf(filter).some(term => term.kind === 'opaque');
}

/** Filters that may be left out. */
function absentFilters(where: Predicate): readonly Predicate[] {
  switch (where.kind) {
    case 'and':
    case 'or':
      return where.operands.flatMap(absentFilters);
    case 'not':
      return absentFilters(where.operand);
    case 'maybe-absent':
      return [where.operand];
    case 'exists':
      return absentFilters(where.row.where);
    default:
      return [];
  }
}

/** Which leak it is, when nothing ties the row; none, where only a call that was not followed could have decided it. */
function classify(subject: Subject, facts: readonly Fact[], world: JudgeWorld): Judgement {
  const known = [...subject.beside, ...facts.flatMap(({ holds }) => (holds.kind === 'row' ? [holds.row] : []))];
  if (isFixed(subject.row, subject.operation === 'insert', known, world))
    return settled('public', 'named-by-app', 'The app itself says whose row it is; nobody who calls picks another.');
  const judged = classifyLeak(subject, facts, world);
  if (judged.reason === 'tool-argument') return judged;
  const open = undecided(subject.model, subject.row.where);
  if (open === undefined) return judged;
  const { kind, guard } = open;
  const note = `Could not tell: the call of ${guard.label} was not followed, and it may be the guard.`;
  if (kind === 'row') return settled('unknown', 'opaque', note);
  if (judged.reason !== 'no-authentication') return judged;
  return selectorsOf(subject.row.where).some(isChosen)
    ? leak('client-id', subject, 'A value from the browser selects the row, and nothing ties the row to the caller.')
    : settled('unknown', 'opaque', note);
}

function classifyLeak(subject: Subject, facts: readonly Fact[], world: JudgeWorld): Judgement {
  const { model, row } = subject;
  if (model.principal === 'anonymous' && !facts.some(fact => fact.holds.kind === 'signed-in')) {
    return leak('no-authentication', subject, 'Nothing on the path asks who is calling.');
  }
  const selectors = selectorsOf(row.where);
  if (selectors.some(term => term.kind === 'tool-argument')) {
    return leak('tool-argument', subject, 'A value that the language model chose selects the row.');
  }
  if (!selectors.some(isChosen)) return leak('unscoped', subject, 'Nothing in the query depends on the caller.');
  const verified = facts.find(fact => verifiesTenant(fact, facts, world));
  if (verified === undefined)
    return leak(
      'client-id',
      subject,
      'A value from the browser selects the row, and nothing ties the row to the caller.',
    );
  const guard = verified.label === '' ? 'An earlier look-up' : `'${verified.label}'`;
  return leak('unbound-object', subject, `${guard} verifies a tenant; nothing ties the row to that tenant.`);
}

/** A membership of the caller's own was found: by the session, or by the user's row that the session led to. */
function verifiesTenant({ holds }: Fact, facts: readonly Fact[], { tenancy }: JudgeWorld): boolean {
  if (holds.kind === 'member') return true;
  if (holds.kind !== 'row' || !membershipTables(tenancy).some(membership => membership.table === holds.row.table))
    return false;
  const isOfCaller = (row: RowVariable): boolean => termsOf(row.where).some(term => term.kind === 'principal');
  const named = new Set(termsOf(holds.row.where).flatMap(term => (term.kind === 'column' ? [term.row] : [])));
  return (
    isOfCaller(holds.row) ||
    facts.some(fact => fact.holds.kind === 'row' && named.has(fact.holds.row.name) && isOfCaller(fact.holds.row))
  );
}

/** Terms that an equality of the condition compares a column with. */
function selectorsOf(where: Predicate): readonly Term[] {
  switch (where.kind) {
    case 'compare':
      return where.operator === '=' || where.operator === 'is-not-distinct-from'
        ? [where.left, where.right].filter(term => term.kind !== 'column')
        : [];
    case 'and':
    case 'or':
      return where.operands.flatMap(selectorsOf);
    case 'maybe-absent':
      return selectorsOf(where.operand);
    case 'exists':
      return selectorsOf(where.row.where);
    default:
      return [];
  }
}

function toPath(model: QueryPath, judgement: Judgement, row: RowVariable, position: number): JudgedPath {
  const { query, client, entryPoint, steps, principal, place } = model;
  return {
    id: createHash('sha256').update(`${model.id}\n${position}`).digest('hex').slice(0, 12),
    verdict: judgement.verdict,
    reason: judgement.reason,
    principal,
    entryPoint,
    sink: {
      ...place,
      table: query.calls?.function ?? row.table,
      operation: position === 0 ? query.operation : 'read',
      client: client.kind,
      role: client.role,
    },
    steps,
    sql: sqlText(model),
    ...(judgement.unbound === undefined ? {} : { unbound: judgement.unbound }),
    notes: judgement.notes,
    model,
  };
}

/** A path for each reference to another tenant's row that the query can write. */
export function judgeReferences(model: QueryPath, world: JudgeWorld): readonly JudgedPath[] {
  if (model.principal === 'system' || world.publicEntries?.has(model.entryPoint.name) === true) return [];
  return foreignReferences(model, world).map(({ column, table, value }, index) => {
    const note = `'${column}' takes ${termText(value)}, and nothing on the path looks whether that row of '${table}' is the caller's.`;
    const judgement: Judgement = { verdict: 'leaks', reason: 'foreign-key', notes: [note], unbound: termText(value) };
    const row: RowVariable = { name: 'self', table: model.query.table, where: model.query.where };
    const path = toPath(model, judgement, row, 1000 + index);
    return { ...path, sink: { ...path.sink, operation: model.query.operation }, reference: { column, table } };
  });
}
