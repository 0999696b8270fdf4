import { listed } from '../../core/list.ts';
import { opensFor } from '../../core/rules.ts';
import { unasked } from '../../core/unasked.ts';
import { objectName } from '../../core/cell.ts';
import type { Cell } from '../../core/cell.ts';
import type { Evidence } from '../../core/finding.ts';
import type { Severity } from '../../core/verdict.ts';
import type { Operation } from '../../core/path.ts';
import { entails } from '../../logic/entails.ts';
import type { Predicate } from '../../core/predicate.ts';
import type { DatabaseFunction, DatabaseModel, Policy, SourcePlace, Table, View } from '../../model/database/types.ts';
import { appRoles } from '../../model/tenancy/app-roles.ts';
import { settingsMadeBy } from '../../model/database/settings.ts';
import { isComparedWithUser, policyUses } from '../../model/tenancy/links.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { isActorColumn, isMembershipNoun, isUserColumn } from '../../model/tenancy/names.ts';
import type { CheckFinding, CheckInput } from '../check.ts';
import { describeHarm, humanizeTable, isOwned, ownerNoun, ownerOf, rowsOfOthers, tenantNoun } from '../harm.ts';
import { isDropBox, isVisitorsForm } from './drop-boxes.ts';
import { membershipTables } from '../../model/tenancy/memberships.ts';
import { tableNamed, viewNamed } from '../../logic/named.ts';

/** Why a cell leaks. Every leaking cell has one cause, and every cause one check. */
export type Leak =
  | { readonly cause: 'no-row-security'; readonly cell: Cell; readonly table: Table }
  | { readonly cause: 'not-enabled'; readonly cell: Cell; readonly table: Table }
  | { readonly cause: 'part'; readonly cell: Cell; readonly table: Table }
  | { readonly cause: 'truncate'; readonly cell: Cell; readonly table: Table }
  | { readonly cause: 'owner'; readonly cell: Cell; readonly table: Table }
  | {
      readonly cause: 'self-join' | 'write-check' | 'always-true' | 'user-metadata' | 'policy';
      readonly cell: Cell;
      readonly table: Table;
      readonly policy: Policy | undefined;
    }
  | { readonly cause: 'storage'; readonly cell: Cell; readonly table: Table; readonly policy: Policy | undefined }
  | { readonly cause: 'view'; readonly cell: Cell; readonly view: View }
  | { readonly cause: 'function'; readonly cell: Cell; readonly definition: DatabaseFunction };

/** Every leaking cell with its cause. Cells that follow from another one's repair have none. */
export function leaksOf(input: CheckInput): readonly Leak[] {
  const known = leaksByInput.get(input);
  if (known !== undefined) return known;
  const leaks = input.cells
    .filter(cell => cell.verdict === 'leaks')
    .flatMap(eachPolicy)
    .flatMap(cell => causeOf(cell, input));
  leaksByInput.set(input, leaks);
  return leaks;
}

/** Every check asks the same of the same input. */
const leaksByInput = new WeakMap<CheckInput, readonly Leak[]>();

/** The cell once for each policy that alone opens it: each has to be repaired for itself. */
function eachPolicy(cell: Cell): readonly Cell[] {
  const { helper: _, ...shared } = cell;
  // What the API does not serve takes SQL of one's own, whichever policy it is.
  const others = (cell.alsoOpen ?? []).map(open => ({
    ...shared,
    ...open,
    tier: cell.tier === 'sql' ? cell.tier : open.tier,
  }));
  return [cell, ...others];
}

function causeOf(cell: Cell, input: CheckInput): readonly Leak[] {
  const { database } = input;
  const name = objectName(cell);
  switch (cell.objectKind) {
    case 'table':
    case 'foreign-table': {
      const table = tableNamed(database, name);
      return table === undefined ? [] : [tableCause(cell, table, input)].filter(leak => leak !== undefined);
    }
    case 'view':
    case 'materialized-view': {
      const view = viewNamed(database, name);
      const isOpen =
        view !== undefined && (bypassesPolicies(view, input) || instead(view, cell, database) !== undefined);
      return isOpen ? [{ cause: 'view', cell, view }] : [];
    }
    case 'function': {
      const definition = database.functions.find(
        candidate => candidate.name === name && (candidate.securityDefiner || settingOf(candidate) !== undefined),
      );
      return definition === undefined ? [] : [{ cause: 'function', cell, definition }];
    }
    case 'bucket': {
      const table = tableNamed(database, name);
      const policy = table === undefined ? undefined : storagePolicy(table, cell);
      return table === undefined ? [] : [{ cause: 'storage', cell, table, policy }];
    }
  }
}

function tableCause(cell: Cell, table: Table, input: CheckInput): Leak | undefined {
  if (cell.role === 'owner' && table.rowSecurity && !table.forceRowSecurity) return { cause: 'owner', cell, table };
  if (!table.rowSecurity) {
    if (table.policies.length > 0) return { cause: 'not-enabled', cell, table };
    if (wholeOf(table, input) !== undefined) return { cause: 'part', cell, table };
    return isMeantToBeProtected(input) ? { cause: 'no-row-security', cell, table } : undefined;
  }
  // A policy that does not look at the topic is told for itself, whoever tried it.
  const isTopical = permissivePolicies(table, cell).every(policy =>
    /\btopic\b/.test(`${policy.using ?? ''} ${policy.check ?? ''}`),
  );
  if (table.name === 'realtime.messages' && !isTopical) return undefined;
  // Policies are not asked who empties a table: the privilege is at fault, and no policy.
  return cell.command === 'truncate' ? { cause: 'truncate', cell, table } : policyCause(cell, table, input);
}

/** The setting that a function puts in the place of what the app said of who asks: policies believe it from then on. */
export function settingOf(definition: DatabaseFunction): string | undefined {
  return settingsMadeBy(definition)[0]?.name;
}

/** The table with row security that a partition or child belongs to. */
export function wholeOf(table: Table, { database }: CheckInput): Table | undefined {
  return database.tables.find(candidate => table.parents?.includes(candidate.name) === true && candidate.rowSecurity);
}

/** Where no table has row security and no API gives free access, isolation is the app's own work. */
function isMeantToBeProtected({ database }: CheckInput): boolean {
  return (
    database.platform === 'supabase' || database.tables.some(table => table.rowSecurity || table.policies.length > 0)
  );
}

function policyCause(cell: Cell, table: Table, input: CheckInput): Leak {
  const policies = permissivePolicies(table, cell);
  const writes = cell.command === 'insert' || isMove(cell);
  const blamed = policies.find(candidate => candidate.name === cell.policy);
  const policy = blamed ?? policies.find(candidate => !isTied(candidate, writes, cell, table, input)) ?? policies[0];
  const base = { cell, table, policy };
  if (isForged(cell, policy)) return { ...base, cause: 'user-metadata' };
  if (writes && (isMembership(table, input) || (isTrusted(table, input) && /After that it read/.test(cell.because))))
    return { ...base, cause: 'self-join' };
  const condition = writes ? (policy?.checkPredicate ?? policy?.usingPredicate) : policy?.usingPredicate;
  if (condition?.kind === 'true' && !isMove(cell)) return { ...base, cause: 'always-true' };
  return { ...base, cause: writes ? 'write-check' : 'policy' };
}

/** The permissive policies that decide the command for the cell's role. */
export function permissivePolicies(table: Table, { command, role }: Cell): readonly Policy[] {
  return table.policies.filter(policy => opensFor(policy, command, [role]));
}

/** Whether the policy alone lets only the caller's own rows through. */
function isTied(policy: Policy, writes: boolean, cell: Cell, table: Table, { database, tenancy }: CheckInput): boolean {
  const condition: Predicate | undefined = writes
    ? (policy.checkPredicate ?? policy.usingPredicate)
    : policy.usingPredicate;
  if (condition === undefined) return true;
  const row = { name: 'self', table: table.name, where: condition };
  const signedIn = cell.actor !== 'anonymous';
  return (
    entails({ row, rows: [], conditions: [], memberTenants: [], signedIn, absence: 'kept' }, { database, tenancy })
      .kind === 'owned'
  );
}

function isMove(cell: Cell): boolean {
  return cell.command === 'update' && /moved|made itself|a row of its own below/.test(cell.because);
}

/** Whether the leak stays within the tenant: somebody makes more of himself than he was. */
export function isPromotion({ cell }: Leak): boolean {
  return /made itself an administrator/.test(cell.because);
}

function isForged(cell: Cell, policy: Policy | undefined): boolean {
  const text = `${policy?.using ?? ''} ${policy?.check ?? ''}`;
  return /user_meta_?data/.test(text) && cell.actor !== 'anonymous';
}

/** A table that says who belongs to which tenant, or to a group within one: a row in it is a key. */
function isMembership(table: Table, { tenancy }: CheckInput): boolean {
  return (
    tenancy.memberships.some(membership => membership.table === table.name) ||
    (isMembershipNoun(table.name, tenancy.root?.table ?? '') && namesPeople(table, tenancy))
  );
}

/** Members of a list of leads are leads: who added them is nobody's membership. */
function namesPeople({ columns, foreignKeys }: Table, { principal }: TenancyModel): boolean {
  const keys = foreignKeys.filter(({ table }) => table === principal?.table).flatMap(key => key.columns);
  return (
    columns.some(({ name }) => isUserColumn(name) || /e_?mail/i.test(name)) || keys.some(name => !isActorColumn(name))
  );
}

/** A table that other policies read to learn what the caller may see. */
function isTrusted(table: Table, { database }: CheckInput): boolean {
  const uses = policyUses(database).filter(use => use.inside === 'sub-query' && use.table === table.name);
  return uses.some(use => isComparedWithUser(uses, table.name, use.column));
}

/** The function with its owner's rights that a change of a view calls instead. */
export function instead(
  { triggers = [] }: View,
  { command }: Cell,
  { functions }: DatabaseModel,
): DatabaseFunction | undefined {
  const names = triggers
    .filter(({ definition }) => new RegExp(`\\b${command}\\b`, 'i').test(definition))
    .map(trigger => trigger.function);
  return functions.find(({ name, securityDefiner }) => securityDefiner && names.includes(name));
}

function bypassesPolicies(view: View, { database }: CheckInput): boolean {
  const reads = new Set(view.reads);
  const behind = database.tables.filter(
    table =>
      reads.has(table.name) || database.views.some(inner => reads.has(inner.name) && inner.reads.includes(table.name)),
  );
  return (
    (view.materialized || !view.securityInvoker) &&
    behind.some(table => table.rowSecurity || table.policies.length > 0 || database.platform === 'supabase')
  );
}

/** Whether the policy names the bucket, or none. */
export function isAboutBucket({ using = '', check = '' }: Policy, bucket: string): boolean {
  const text = `${using} ${check}`;
  return !text.includes('bucket_id') || text.includes(`'${bucket}'`);
}

function storagePolicy(table: Table, cell: Cell): Policy | undefined {
  const policies = permissivePolicies(table, cell).filter(policy => isAboutBucket(policy, cell.bucket ?? ''));
  return (
    policies.find(policy => policy.name === cell.policy) ??
    policies.find(
      policy => !/foldername|path_tokens|owner|split_part/.test(`${policy.using ?? ''} ${policy.check ?? ''}`),
    ) ??
    policies[0]
  );
}

/** How findings of one cause are made of its cells. */
export interface LeakFindingRule {
  /** Cells with the same key become one finding. */
  readonly subject: (leak: Leak) => string;
  readonly place: (leak: Leak) => SourcePlace | undefined;
  readonly message: (leaks: readonly [Leak, ...Leak[]]) => string;
  readonly repair: (leak: Leak) => NonNullable<CheckFinding['repair']>;
  /** Where who can do what is not what the cells say. */
  readonly harm?: (leak: Leak) => string | undefined;
  /** How many more tables it opens, where the cells do not say. */
  readonly opens?: (leak: Leak) => number;
  /** Where leaks are milder than others of their cause. */
  readonly severity?: (leaks: readonly [Leak, ...Leak[]]) => Severity | undefined;
  /** The policy or definition that is at fault, for the evidence. */
  readonly statement?: (leak: Leak) => string | undefined;
}

/** One finding for each subject, with the transcripts of its cells. */
export function findingsOf(leaks: readonly Leak[], input: CheckInput, rule: LeakFindingRule): readonly CheckFinding[] {
  const groups = new Map<string, [Leak, ...Leak[]]>();
  for (const leak of leaks) {
    const key = rule.subject(leak);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [leak]);
    else group.push(leak);
  }
  return [...groups].map(([subject, group]) => toFinding(subject, group, input, rule));
}

function toFinding(
  subject: string,
  leaks: readonly [Leak, ...Leak[]],
  input: CheckInput,
  rule: LeakFindingRule,
): CheckFinding {
  const [first] = leaks;
  const place = rule.place(first) ?? { file: '', line: 0 };
  const object = objectName(first.cell);
  const isApiOnly = leaks.some(leak => leak.cell.tier === 'api');
  const statement = rule.statement?.(first);
  const opens = Math.max(rule.opens?.(first) ?? 0, ...leaks.map(({ cell }) => openedBy(cell)));
  const severity = isApiOnly ? rule.severity?.(leaks) : 'medium';
  return {
    subject,
    harm: asReached(rule.harm?.(first) ?? harmOf(leaks, input), leaks),
    message: rule.message(leaks),
    file: place.file,
    line: place.line,
    ...(place.endLine === undefined ? {} : { endLine: place.endLine }),
    object,
    pathIds: [],
    evidence: [...(statement === undefined ? [] : [{ kind: 'policy', object, statement } as const]), ...replays(leaks)],
    repair: rule.repair(first),
    ...(opens === 0 ? {} : { opens }),
    ...causedBy(leaks),
    // Without SQL of one's own, nobody makes the statement.
    ...(severity === undefined ? {} : { severity }),
  };
}

/** The helper whose repair alone closes all of the leaks. */
function causedBy([first, ...rest]: readonly [Leak, ...Leak[]]): Pick<CheckFinding, 'causedBy'> {
  const helper = first.cell.helper?.function;
  return helper !== undefined && rest.every(({ cell }) => cell.helper?.function === helper) ? { causedBy: helper } : {};
}

/** Where only roles of the app's own connections get there, no user does by himself: a query of the app's has to be made for him. */
function asReached(harm: string, leaks: readonly Leak[]): string {
  if (leaks.some(({ cell }) => /^(anon|authenticated|owner)$/.test(cell.role))) return harm;
  return harm.replace(
    /^Any(?:one on the internet| signed-in user) can /,
    `Any query that runs as ${rolesOf(leaks)} can `,
  );
}

/** In how many tables rows could be read after the write. */
function openedBy(cell: Cell): number {
  const opened = openedAfter(cell);
  return typeof opened === 'string' ? 1 : (opened ?? 0);
}

/** The table in which rows could be read after what the cell is about, or how many; undefined where that opened nothing. */
export function openedAfter({ because }: Cell): string | number | undefined {
  const [found, number, name] = /After that it read tenant B's rows in (?:(\d+) |'([^']+)')/.exec(because) ?? [];
  return found === undefined ? undefined : (name ?? Number(number));
}

/** The transcripts of leaks: one for each role and command is enough. */
export function replays(leaks: readonly Leak[]): readonly Evidence[] {
  const seen = new Map<string, Evidence>();
  // A member of another tenant is the plainest attacker; a session without a user only where it is anybody on the internet.
  const plainest = [...leaks].sort(
    (left, right) => Number(right.cell.actor === 'member') - Number(left.cell.actor === 'member'),
  );
  for (const { cell } of plainest) {
    const key = `${cell.role} ${cell.command}`;
    const [evidence] = cell.evidence;
    if (evidence === undefined || seen.has(key)) continue;
    seen.set(key, {
      kind: 'replay',
      object: objectName(cell),
      role: cell.role,
      command: cell.command,
      transcript: evidence.transcript,
    });
  }
  return [...seen.values()];
}

const operations: Readonly<Partial<Record<Cell['command'], Operation>>> = {
  select: 'read',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
};

/** Who can do the worst of it to whose rows. */
function harmOf(leaks: readonly [Leak, ...Leak[]], input: CheckInput): string {
  const anonymous = leaks.some(({ cell }) => cell.role === 'anon');
  const table = tableBehind(leaks[0], input);
  const command =
    (['select', 'execute', 'update', 'delete', 'insert'] as const).find(candidate =>
      leaks.some(({ cell }) => cell.command === candidate),
    ) ?? 'select';
  const changes = command === 'execute' && leaks.some(({ cell }) => /changed|added|deleted/.test(cell.because));
  const operation = operations[command] ?? (changes ? 'update' : 'read');
  if (leaks[0].cause === 'storage')
    return describeHarm({ principal: anonymous ? 'anonymous' : 'member', operation, table: 'file' }, input.tenancy);
  if (table === 'realtime.messages')
    return `${anonymous ? 'Anyone on the internet' : 'Any signed-in user'} can ${command === 'select' ? 'listen on' : 'send to'} channels of another tenant.`;
  if (table !== undefined && !isOwned(input.tenancy, table))
    return `${anonymous ? 'Anyone on the internet' : 'Any signed-in user'} can ${operation === 'read' ? 'read' : 'change'} rows of '${table}' ${whoseRows(table, input) ?? 'of others'}.`;
  return describeHarm(
    { principal: anonymous ? 'anonymous' : 'member', operation, table: table ?? objectName(leaks[0].cell) },
    input.tenancy,
  );
}

/** Whose the rows of a table are that has no tenant or user for owner: everybody's, or nobody knows. */
function whoseRows(table: string, { tenancy }: CheckInput): string | undefined {
  const kind = ownerOf(tenancy, table)?.ownership.kind;
  return kind === 'shared' ? 'that every tenant relies on' : kind === 'unknown' ? 'of others' : undefined;
}

/** The table whose rows come out: the first that belongs to somebody. */
function tableBehind(leak: Leak, { database, tenancy }: CheckInput): string | undefined {
  const named = (text: string): readonly string[] =>
    database.tables
      .filter(table => new RegExp(`\\b${table.name.split('.').at(-1) ?? ''}\\b`).test(text))
      .map(table => table.name);
  const names =
    leak.cause === 'view'
      ? leak.view.reads
      : leak.cause === 'function'
        ? named(leak.definition.body)
        : [leak.table.name];
  return (
    names.find(
      name =>
        ownerOf(tenancy, name)?.ownership.kind === 'tenant' &&
        !membershipTables(tenancy).some(membership => membership.table === name),
    ) ??
    names.find(name => isOwned(tenancy, name)) ??
    names[0]
  );
}

/** `select, insert and update`: the commands of the cells, each once. */
export function commandsOf(leaks: readonly Leak[]): string {
  const order = ['select', 'insert', 'update', 'delete', 'truncate', 'execute'] as const;
  const commands = order.filter(command => leaks.some(({ cell }) => cell.command === command));
  return listed(commands);
}

/** `'anon' and 'authenticated'`: the roles of the cells, each once. */
export function rolesOf(leaks: readonly Leak[]): string {
  const roles = [...new Set(leaks.map(({ cell }) => `'${cell.role}'`))].sort();
  return listed(roles);
}

/** The text of a policy as the evidence shows it. */
export function policyText(policy: Policy | undefined): string | undefined {
  if (policy === undefined) return undefined;
  const using = policy.using === undefined ? '' : ` using (${policy.using})`;
  const check = policy.check === undefined ? '' : ` with check (${policy.check})`;
  return `create policy "${policy.name}" on ${policy.table} for ${policy.command} to ${policy.roles.join(', ')}${using}${check}`;
}

/** Leaks of some causes that are about a table and one of its policies. */
export type PolicyLeak = Extract<Leak, { readonly policy: Policy | undefined }>;

/** The findings of a cause that one policy is to blame for. */
export function policyFindings(
  input: CheckInput,
  cause: PolicyLeak['cause'],
  message: (policy: string, leaks: readonly PolicyLeak[], whose: string | undefined) => string,
): readonly CheckFinding[] {
  const whose = (leak: Leak): string | undefined =>
    'table' in leak && leak.cell.command !== 'select' ? whoseRows(leak.table.name, input) : undefined;
  const leaks = leaksOf(input).filter((leak): leak is PolicyLeak => 'policy' in leak && leak.cause === cause);
  const subject = (leak: Leak): string =>
    'policy' in leak ? `${leak.table.name} ${leak.policy?.name ?? leak.cell.command}` : '';
  return findingsOf(leaks, input, {
    subject,
    place: leak => ('policy' in leak ? (leak.policy?.definedAt ?? leak.table.definedAt) : undefined),
    message: group =>
      message(
        nameOfPolicy(group[0]),
        group.filter((leak): leak is PolicyLeak => 'policy' in leak),
        whose(group[0]),
      ),
    harm: leak => {
      const group = leaks.filter(other => subject(other) === subject(leak));
      if (group.every(isPromotion))
        return `Any ordinary member can make himself an administrator of his ${tenantNoun(input.tenancy)}.`;
      if (isUnasked(leak) && 'table' in leak)
        return `Any signed-in user who names somebody in a row of his own can read ${rowsOfOthers({ operation: 'read', table: leak.table.name }, input.tenancy)}.`;
      if (group.length > 0 && group.every(each => isDropped(each, input) || isFormRow(each, input)))
        return droppedHarm(group, input);
      if (cause === 'write-check' && group.every(each => isOwnMoved(each, input))) return movedHarm(group, input);
      if (group.length > 0 && group.every(each => isCard(each, input)))
        return `${whoOf(group)} can read what every user is called, and what he shows of himself.`;
      return cause === 'self-join' ? joinHarm(group, input) : undefined;
    },
    severity: ([first, ...rest]) =>
      // Rows of nobody are spoilt, and nothing comes out.
      whose(first) !== undefined
        ? first.cell.role === 'anon'
          ? 'high'
          : 'medium'
        : isUnasked(first)
          ? isPlainProfile(first, input)
            ? 'medium'
            : 'high'
          : [first, ...rest].every(leak => isDropped(leak, input) || isFormRow(leak, input) || isCard(leak, input))
            ? 'medium'
            : // It stays within the tenant.
              [first, ...rest].every(isPromotion)
              ? 'high'
              : undefined,
    repair: leak => ({
      kind: 'replace-policy',
      table: 'table' in leak ? leak.table.name : '',
      ...('policy' in leak && leak.policy !== undefined
        ? { policy: leak.policy.name, command: leak.policy.command }
        : {}),
      ...(leak.cell.bucket === undefined ? {} : { bucket: leak.cell.bucket }),
    }),
    statement: leak => ('policy' in leak ? policyText(leak.policy) : undefined),
  });
}

/** Whether it takes the key of a user whom one names without asking him. */
function isUnasked({ cell }: Leak): boolean {
  return cell.because.includes(unasked);
}

/** One row for each user, that says who he is and holds no secret. */
function isPlainProfile(leak: Leak, { tenancy }: CheckInput): boolean {
  const owner = 'table' in leak ? ownerOf(tenancy, leak.table.name) : undefined;
  return (
    'table' in leak &&
    owner?.ownership.kind === 'user' &&
    leak.table.primaryKey.join() === owner.ownership.path[0].column &&
    owner.secretColumns.length === 0
  );
}

/** Whether all that is read is what users choose to be called and to show: a profile without anything about the person. */
function isCard(leak: Leak, input: CheckInput): boolean {
  return (
    leak.cell.command === 'select' &&
    'table' in leak &&
    isPlainProfile(leak, input) &&
    leak.table.columns.some(({ name }) => shown.test(name)) &&
    leak.table.columns.every(
      ({ name, type }) => leak.table.primaryKey.includes(name) || shown.test(name) || /^(timestamp|date$)/.test(type),
    )
  );
}

const shown =
  /^(user_?name|handle|nick_?name|display_?name|slug|avatar(_?url|_?path)?|picture(_?url)?|image(_?url)?|photo(_?url)?|cover(_?url|_?image)?|bio|about|tagline|headline|website|color|theme)$/i;

/** Whether the leak is no more than a row where none is shown to anybody. */
function isDropped(leak: Leak, { database, tenancy }: CheckInput): boolean {
  return isAdded(leak, tenancy) && isDropBox(leak.table, database, tenancy);
}

/** Whether the leak is no more than a form for visitors that is sent to another tenant. */
function isFormRow(leak: Leak, input: CheckInput): boolean {
  return openedAfter(leak.cell) === undefined && isAdded(leak, input.tenancy) && isVisitorsForm(leak.table, input);
}

function isAdded(leak: Leak, tenancy: TenancyModel): leak is PolicyLeak {
  return (
    (leak.cause === 'always-true' || leak.cause === 'write-check') &&
    leak.cell.command === 'insert' &&
    isOwned(tenancy, leak.table.name)
  );
}

/** Whether all that comes of it is a row of the caller's own that is the victim's from then on. */
function isOwnMoved({ cell, ...leak }: PolicyLeak, { tenancy }: CheckInput): boolean {
  const isMoved = cell.command === 'update' && /moved a row [^.]*tenant B\.$/.test(cell.because);
  return isOwned(tenancy, leak.table.name) && (isMoved || cell.command === 'insert');
}

function movedHarm(leaks: readonly PolicyLeak[], { tenancy }: CheckInput): string | undefined {
  const [first] = leaks;
  if (first === undefined || leaks.every(({ cell }) => cell.command === 'insert')) return undefined;
  const [rows, owner] = [humanizeTable(first.table.name), ownerNoun(first.table.name, tenancy)];
  return leaks.some(({ cell }) => cell.command === 'insert')
    ? `${whoOf(leaks)} can add ${rows} to any ${owner}.`
    : `${whoOf(leaks)} can move ${rows} of his own to any other ${owner}.`;
}

function droppedHarm(leaks: readonly PolicyLeak[], input: CheckInput): string {
  const { tenancy } = input;
  const table = leaks[0]?.table.name ?? '';
  const [rows, owner] = [humanizeTable(table), ownerNoun(table, tenancy)];
  return leaks.every(leak => isDropped(leak, input))
    ? `${whoOf(leaks)} can add ${rows} in the name of any ${owner}; only the app's server and staff are shown them.`
    : `${whoOf(leaks)} can send ${rows} to any ${owner}, made-up ones too; only its own people are shown them.`;
}

/** What who writes himself into a table of members is from then on. */
function joinHarm(leaks: readonly PolicyLeak[], { database, tenancy }: CheckInput): string | undefined {
  const [first] = leaks;
  if (first === undefined || leaks.some(({ cell }) => cell.role === 'anon')) return undefined;
  if (appRoles(database, tenancy).some(({ table }) => table === first.table.name))
    return 'Any signed-in user can give himself a role of the whole app.';
  return membershipTables(tenancy).some(({ table }) => table === first.table.name)
    ? `Any signed-in user can make himself a member of any ${tenantNoun(tenancy)}.`
    : undefined;
}

function whoOf(leaks: readonly Leak[]): string {
  return leaks.some(({ cell }) => cell.role === 'anon') ? 'Anyone on the internet' : 'Any signed-in user';
}

function nameOfPolicy(leak: Leak): string {
  return 'policy' in leak && leak.policy !== undefined ? `'${leak.policy.name}'` : 'of this command';
}
