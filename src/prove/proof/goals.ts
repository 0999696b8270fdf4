import type { CellCommand } from '../../core/cell.ts';
import type { SolverGoal } from '../../core/ports.ts';
import type { DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import { isUserSetting, membershipOfUsers } from '../../model/tenancy/links.ts';
import { isShareNoun } from '../../model/tenancy/names.ts';
import { isFilledByVisitors } from '../../model/tenancy/published.ts';
import type { Owner, TenancyModel } from '../../model/tenancy/types.ts';
import { keyOfItself } from '../../model/tenancy/owners.ts';
import { all, any, every, not, same, type Variable } from '../../logic/smt/formula.ts';
import { applicablePolicies, createEncoder, policyTruth } from '../../logic/smt/policies.ts';
import { rolesOfRole } from '../../logic/roles.ts';
import type { Encoder } from '../../logic/smt/encoder.ts';
import { createSession } from '../../logic/smt/session.ts';
import { createVocabulary, parentAxioms, referenceFacts, type Vocabulary } from '../../logic/smt/vocabulary.ts';
import { isFolderOwned } from '../exploit/storage-attacks.ts';
import {
  belongs,
  chainsOf,
  isOnDisplay,
  namesUser,
  unsharedOf,
  otherParties,
  pathPremises,
  premises,
  type Premise,
  type World,
} from './adversary.ts';
import { tableNamed } from '../../logic/named.ts';

/** Commands on rows. */
export type RowCommand = 'select' | 'insert' | 'update' | 'delete';

/** Who tries what on which table. */
export interface TableQuestion {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly table: Table;
  readonly owner: Owner | undefined;
  readonly role: string;
  readonly signedIn: boolean;
  readonly command: RowCommand;
  /** For files: the bucket. */
  readonly bucket?: string;
}

/** A question to the solver: when its assertions cannot hold together, what `says` tells is proved. */
export interface ProofGoal {
  readonly says: string;
  /** Which row is the victim's: the one that is there, or the one that the command makes. */
  readonly victims: 'the row' | 'the new row';
  readonly goal: SolverGoal;
  /** By name. */
  readonly premises: ReadonlyMap<string, Premise>;
  /** What was not understood, should it matter. */
  readonly reasons: readonly string[];
  /** The policies that were asked. */
  readonly policies: readonly Policy[];
  /** Tables with the columns that the formulas read. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Only for a machine that stands still: the solver's steps are what ends a goal. */
export const goalTimeoutMs = 60_000;

/** Whether a command on a table is one that people of the app make. */
export function isRowCommand(command: CellCommand): command is RowCommand {
  return command === 'select' || command === 'insert' || command === 'update' || command === 'delete';
}

/** What is taken for granted beside the rest. */
export interface Try {
  /** The statement reads columns, so that the policies for SELECT apply too. */
  readonly reading: boolean;
  /** Rows that refer to rows of the victim are the victim's. */
  readonly consistent: boolean;
  /** What the row's keys refer to is there, or what all rows' do: more for the solver to look at. */
  readonly parents: 'any' | 'of the row' | 'of all rows';
}

/** A goal that is written when it is asked for: most are closed by the first try, and each is a long text. */
export type GoalFor = (trying: Try) => ProofGoal;

/** What must be shown impossible for a table's cell to be proved. */
export function tableGoals(question: TableQuestion): readonly GoalFor[] {
  return [...ownGoals(question), ...entryGoals(question)];
}

/** Where the rows of users say which tenant they are of: nobody writes one of another tenant. */
function entryGoals(question: TableQuestion): readonly GoalFor[] {
  const { table, tenancy, owner, command } = question;
  const membership = membershipOfUsers(table, tenancy);
  if (membership === undefined || owner === undefined) return [];
  const hop = { column: membership.tenantColumn, table: tenancy.root?.table ?? '', referencedColumn: '' };
  const asTenants: TableQuestion = { ...question, owner: { ...owner, ownership: { kind: 'tenant', path: [hop] } } };
  if (command === 'insert') return [goalOf(asTenants, 'a user is added to the victim', newRow, 'the new row')];
  return command === 'update' ? [goalOf(asTenants, 'a user is moved to the victim', movedRow, 'the new row')] : [];
}

function ownGoals(question: TableQuestion): readonly GoalFor[] {
  const kind = question.owner?.ownership.kind;
  const isOwned = kind === 'tenant' || kind === 'user';
  switch (question.command) {
    case 'select':
    case 'delete':
      return [goalOf(question, isOwned ? 'a row of the victim is reached' : 'a row is reached', existingRow)];
    case 'insert':
      return [
        goalOf(
          question,
          isOwned ? 'a row is added that belongs to the victim' : 'a row is added',
          newRow,
          'the new row',
        ),
      ];
    case 'update':
      return [
        goalOf(question, isOwned ? 'a row of the victim is changed' : 'a row is changed', changedRow),
        ...(isOwned ? [goalOf(question, 'a row is moved to the victim', movedRow, 'the new row')] : []),
        ...(isFolder(question)
          ? [goalOf(question, 'a file is moved to a path of others', movedFile, 'the new row')]
          : []),
      ];
  }
}

/** What the parts of a goal are made from. */
interface Making {
  readonly question: TableQuestion;
  readonly encoder: Encoder;
  readonly world: World;
  /** Whether the statement reads columns, so that the policies for SELECT apply too. */
  readonly reading: boolean;
  readonly parents: Try['parents'];
}

type Shape = (making: Making) => readonly string[] | undefined;

function goalOf(
  question: TableQuestion,
  says: string,
  shape: Shape,
  victims: ProofGoal['victims'] = 'the row',
): GoalFor {
  return trying => goal(question, trying, { says, shape, victims });
}

function goal(
  question: TableQuestion,
  trying: Try,
  { says, shape, victims }: Pick<ProofGoal, 'says' | 'victims'> & { readonly shape: Shape },
): ProofGoal {
  const vocabulary = createVocabulary(question.database);
  const session = createSession(vocabulary, {
    role: question.role,
    signedIn: question.signedIn,
    namesUser: isUserSetting,
  });
  const encoder = createEncoder(vocabulary, session);
  const kind = question.owner?.ownership.kind === 'user' ? 'user' : 'tenant';
  const world: World = { vocabulary, session, tenancy: question.tenancy, victim: vocabulary.free('the victim'), kind };
  const claims = shape({ question, encoder, world, ...trying }) ?? ['true'];
  const parts = question.bucket === undefined ? [] : pathParts(claims);
  // The file that is moved may have been his own.
  const about = shape === movedFile ? parts.filter(part => part.includes('|the new row')) : parts;
  const path = pathPremises(world, about);
  const told = [...premises(world, trying.consistent), ...path, ...victimThere(question, world)].filter(
    ({ name, formula }) => formula !== 'true' && !isNotGranted(name, question),
  );
  // A tenant whose key is the user's is his own.
  const other = question.signedIn ? [not(same(world.victim, session.user().term))] : [];
  const { permissive, restrictive } = applicablePolicies(vocabulary, question);
  return {
    says,
    victims,
    premises: new Map(told.map(premise => [premise.name, premise])),
    reasons: [...vocabulary.reasons],
    used: vocabulary.used,
    policies: [...permissive, ...restrictive],
    goal: {
      assertions: [
        ...claims.map(formula => ({ formula })),
        ...other.map(formula => ({ formula })),
        ...told.map(({ name, formula }) => ({ name, formula })),
        ...vocabulary.axioms().map(formula => ({ formula })),
        ...(trying.parents === 'of all rows' ? parentAxioms(vocabulary) : []).map(formula => ({ formula })),
      ],
      declarations: vocabulary.declarations(),
      timeoutMs: goalTimeoutMs,
    },
  };
}

/**
 * That the victim shows nothing of its own by shares says nothing of the shares, what it shows may be read and not changed,
 * and what visitors tell of themselves is not shown by showing the form.
 */
function isNotGranted(premise: string, { table, command, database }: TableQuestion): boolean {
  if (premise === unsharedOf(table)) return isShareNoun(table.name) || isChange({ command });
  return (
    command === 'select' && isFilledByVisitors(table) && database.tables.some(other => premise === unsharedOf(other))
  );
}

function isChange({ command }: Pick<TableQuestion, 'command'>): boolean {
  return command === 'update' || command === 'delete';
}

/** A constant for a row, with a name that models tell. */
export function constantRow(vocabulary: Vocabulary, table: Table, name: string): Variable {
  const { sort } = vocabulary.row(table.name);
  return { name: vocabulary.free(name, sort), sort };
}

/** The row's owner is the victim; rows on the way there are named, too. */
function ownedBy({ question: { owner }, world }: Making, row: Variable): readonly string[] {
  const chains = owner === undefined ? [] : chainsOf(world.vocabulary, owner, row.name);
  const named = chains
    .flatMap(({ variables }) => variables)
    .map((variable, index) => ({
      ...variable,
      constant: world.vocabulary.free(`parent ${index + 1}`, variable.sort),
    }));
  const rename = (formula: string): string =>
    named.reduce(
      (text, variable) =>
        text.replaceAll(new RegExp(`(?<=[\\s(])${variable.name}(?=[\\s)])`, 'g'), () => variable.constant),
      formula,
    );
  const ways = chains.map(({ links, known, key }) => [...links, known, same(key, world.victim)].map(rename));
  const [only = []] = ways;
  return ways.length < 2 ? only : [any(ways.map(all))];
}

/** What a key of the row refers to is there. */
function parentsThere(vocabulary: Vocabulary, table: Table, row: string): readonly string[] {
  const used = new Set(vocabulary.used.get(table.name));
  return table.foreignKeys.flatMap(({ columns: [name = '', ...others], table: to, referencedColumns: [key = ''] }) => {
    const target = tableNamed(vocabulary.database, to);
    const column = table.columns.find(candidate => candidate.name === name);
    const referenced = target?.columns.find(candidate => candidate.name === key);
    if (
      others.length > 0 ||
      !used.has(name) ||
      target === undefined ||
      column === undefined ||
      referenced === undefined
    )
      return [];
    const parent = constantRow(vocabulary, target, `what ${name} refers to`);
    const [from, found] = [vocabulary.column(table, column, row), vocabulary.column(target, referenced, parent.name)];
    return [
      any([
        from.isNull,
        all([vocabulary.live(target.name, parent.name), not(found.isNull), same(from.term, found.term)]),
      ]),
    ];
  });
}

/** The file lies in the bucket that is asked about. */
function inBucket({ question: { table, bucket }, world: { vocabulary } }: Making, row: Variable): readonly string[] {
  const column = table.columns.find(candidate => candidate.name === 'bucket_id');
  if (bucket === undefined || column === undefined) return [];
  const { term, isNull } = vocabulary.column(table, column, row.name);
  return [not(isNull), same(term, vocabulary.constant(bucket))];
}

/** The values that are made of the file's name in the policies. */
function pathParts(claims: readonly string[]): readonly string[] {
  const parts = new Set<string>();
  const stack: number[] = [];
  const text = claims.join(' ');
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '|') at = text.indexOf('|', at + 1);
    else if (text[at] === '(') stack.push(at);
    else if (text[at] === ')') {
      const inner = text.slice(stack.pop() ?? at, at + 1);
      const isValue = /^\(\|[^|]*\/\d+\+?\|/.test(inner) || inner.startsWith('(|storage.objects name|');
      if (isValue && inner.includes('|storage.objects name|') && !/[\s(][rv]\d+[\s)]/.test(inner)) parts.add(inner);
    }
  }
  return [...parts];
}

/** A row that is there, that is the victim's and does not name who asks, and that the policies let through. */
function existingRow(making: Making): readonly string[] {
  const { question, encoder, world, reading } = making;
  const { table, role, command } = question;
  const row = constantRow(world.vocabulary, table, 'the row');
  const allowed = policyTruth(encoder, { table, row, role, command, part: 'using' });
  const read =
    reading && command !== 'select'
      ? policyTruth(encoder, { table, row, role, command: 'select', part: 'using' }).t
      : 'true';
  const owned = [...ownedBy(making, row), ...inBucket(making, row)];
  const shown = command === 'select' ? isOnDisplay(world, table, row.name) : 'false';
  return [
    world.vocabulary.live(table.name, row.name),
    allowed.t,
    read,
    not(shown),
    ...owned,
    ...(making.parents !== 'any' ? parentsThere(world.vocabulary, table, row.name) : []),
    // What the victim's rows say of who asks is his own.
    ...(owned.length > 0 && question.signedIn
      ? [not(namesUser(world, table, row.name)), otherParties(world, table, row.name)]
      : []),
  ];
}

/** Such a row becomes another, whosever it is then, that the policies let in. */
function changedRow(making: Making): readonly string[] {
  const { question, encoder, world, reading } = making;
  const { table, role } = question;
  const existing = existingRow(making);
  const [before, after] = [
    constantRow(world.vocabulary, table, 'the row'),
    constantRow(world.vocabulary, table, 'the new row'),
  ];
  const allowed = policyTruth(encoder, { table, row: after, role, command: 'update', part: 'check' });
  const read = reading ? policyTruth(encoder, { table, row: after, role, command: 'select', part: 'using' }).t : 'true';
  return [
    ...existing,
    not(world.vocabulary.live(table.name, after.name)),
    allowed.t,
    read,
    ...unlike(world.vocabulary, table, after, [before]),
    ...kept(world.vocabulary, question, before, after),
  ];
}

/** A row that is not there yet, that would be the victim's, and that the policies let in. */
function newRow(making: Making): readonly string[] {
  const { question, encoder, world, reading } = making;
  const { table, role } = question;
  const row = constantRow(world.vocabulary, table, 'the new row');
  const allowed = policyTruth(encoder, { table, row, role, command: 'insert', part: 'check' });
  const read = reading ? policyTruth(encoder, { table, row, role, command: 'select', part: 'using' }).t : 'true';
  return [
    not(world.vocabulary.live(table.name, row.name)),
    allowed.t,
    read,
    ...ownedBy(making, row),
    ...inBucket(making, row),
    ...unlike(world.vocabulary, table, row, []),
  ];
}

/** A row that is not the victim's becomes the victim's. */
function movedRow(making: Making): readonly string[] {
  const { question, world } = making;
  const { table, owner } = question;
  const [before, after] = [
    constantRow(world.vocabulary, table, 'the row'),
    constantRow(world.vocabulary, table, 'the new row'),
  ];
  const was = owner === undefined ? undefined : belongs(world, owner, before.name);
  const parts = passed(making, before, after);
  return [
    world.vocabulary.live(table.name, before.name),
    not(world.vocabulary.live(table.name, after.name)),
    ...parts,
    was === undefined ? 'true' : every(was.variables, not(was.condition)),
    ...ownedBy(making, after),
    ...unlike(world.vocabulary, table, after, [before]),
    ...kept(world.vocabulary, question, before, after),
  ];
}

/** Whether paths in the bucket are somebody's. */
function isFolder({ table, bucket }: TableQuestion): boolean {
  return bucket !== undefined && isFolderOwned(table, bucket);
}

/** A file, wherever it lay, comes to lie in the bucket that is asked about. */
function movedFile(making: Making): readonly string[] {
  const { question, world } = making;
  const { table } = question;
  const [before, after] = [
    constantRow(world.vocabulary, table, 'the row'),
    constantRow(world.vocabulary, table, 'the new row'),
  ];
  return [
    world.vocabulary.live(table.name, before.name),
    not(world.vocabulary.live(table.name, after.name)),
    ...passed(making, before, after),
    ...inBucket(making, after),
    ...unlike(world.vocabulary, table, after, [before]),
    ...kept(world.vocabulary, question, before, after),
  ];
}

/** What the policies ask of the row that is there and of what it becomes. */
function passed({ question, encoder, reading }: Making, before: Variable, after: Variable): readonly string[] {
  const { table, role } = question;
  return [
    policyTruth(encoder, { table, row: before, role, command: 'update', part: 'using' }).t,
    policyTruth(encoder, { table, row: after, role, command: 'update', part: 'check' }).t,
    ...(reading
      ? [before, after].map(row => policyTruth(encoder, { table, row, role, command: 'select', part: 'using' }).t)
      : []),
  ];
}

/** The new row's keys are free, and its references are those that the foreign keys allow. */
export function unlike(
  vocabulary: Vocabulary,
  table: Table,
  row: Variable,
  replaced: readonly Variable[],
): readonly string[] {
  const used = vocabulary.used.get(table.name) ?? new Set();
  const references = referenceFacts(vocabulary, table, row.name, used).map(({ variables, formula }) =>
    every(variables, formula),
  );
  return [
    ...keysFree(vocabulary, table, row, replaced),
    ...unreferenced(vocabulary, table, row, replaced),
    ...references,
  ];
}

/** What refers to a row refers to one that is there: to a new key nothing does, unless it was there before. */
function unreferenced(
  vocabulary: Vocabulary,
  table: Table,
  row: Variable,
  replaced: readonly Variable[],
): readonly string[] {
  return [...vocabulary.used].flatMap(([name, columns]) => {
    const other = tableNamed(vocabulary.database, name);
    const keys = other?.foreignKeys.filter(
      key =>
        key.table === table.name &&
        key.columns.every(column => columns.has(column)) &&
        key.referencedColumns.every(column => vocabulary.used.get(table.name)?.has(column) === true),
    );
    return (keys ?? []).map(key => {
      const from = vocabulary.row(name);
      const refersTo = (target: string): string =>
        all(
          key.columns.flatMap((column, index) => {
            const [one, two] = [
              other?.columns.find(candidate => candidate.name === column),
              table.columns.find(candidate => candidate.name === key.referencedColumns[index]),
            ];
            if (other === undefined || one === undefined || two === undefined) return ['false'];
            const [left, right] = [vocabulary.column(other, one, from.name), vocabulary.column(table, two, target)];
            return [not(left.isNull), not(right.isNull), same(left.term, right.term)];
          }),
        );
      const refers = all([vocabulary.live(name, from.name), refersTo(row.name)]);
      return every([from], any([not(refers), ...replaced.map(old => refersTo(old.name))]));
    });
  });
}

function keysFree(
  vocabulary: Vocabulary,
  table: Table,
  row: Variable,
  replaced: readonly Variable[],
): readonly string[] {
  const used = vocabulary.used.get(table.name);
  return [table.primaryKey, ...table.uniqueKeys]
    .filter(key => key.some(column => used?.has(column) === true))
    .map(key => {
      const other = vocabulary.row(table.name);
      const equal = key.flatMap(name => {
        const column = table.columns.find(candidate => candidate.name === name);
        if (column === undefined) return ['false'];
        const [one, two] = [vocabulary.column(table, column, row.name), vocabulary.column(table, column, other.name)];
        return [same(one.term, two.term), not(one.isNull), not(two.isNull)];
      });
      return every(
        [other],
        any([
          not(all([vocabulary.live(table.name, other.name), ...equal])),
          ...replaced.map(old => same(other.name, old.name)),
        ]),
      );
    });
}

/** Columns that the role may not update stay as they are. */
export function kept(
  vocabulary: Vocabulary,
  { table, role, database }: Pick<TableQuestion, 'table' | 'role' | 'database'>,
  before: Variable,
  after: Variable,
): readonly string[] {
  const roles = rolesOfRole(role, database);
  const grants = table.grants.filter(grant => grant.privilege === 'update' && roles.has(grant.role));
  if (grants.some(grant => grant.column === undefined)) return [];
  const open = new Set(grants.map(grant => grant.column));
  const used = vocabulary.used.get(table.name) ?? new Set();
  return table.columns
    .filter(column => used.has(column.name) && !open.has(column.name))
    .flatMap(column => {
      const [old, now] = [vocabulary.column(table, column, before.name), vocabulary.column(table, column, after.name)];
      return [same(old.term, now.term), same(old.isNull, now.isNull)];
    });
}

/** The table in which the victim has its own row: that of tenants, or of users. */
export function homeOf({ vocabulary, tenancy, kind }: World): Table | undefined {
  const root = kind === 'tenant' ? tenancy.root : tenancy.principal;
  const home = tableNamed(vocabulary.database, root?.table);
  return home?.columns.some(column => column.name === root?.key) === true ? home : undefined;
}

/** The victim's own row is there. */
export function rowAtHome({ vocabulary, tenancy, victim, kind }: World, home: Table, column?: string): string {
  const root = kind === 'tenant' ? tenancy.root : tenancy.principal;
  const row = constantRow(vocabulary, home, `the row of the ${kind}`);
  const keys = home.columns.filter(({ name }) => name === (column ?? root?.key));
  return all([
    vocabulary.live(home.name, row.name),
    ...keys.map(key => same(vocabulary.column(home, key, row.name).term, victim)),
  ]);
}

/** The tenant is there, and somebody is in it. */
function victimThere({ tenancy, table, command, owner }: TableQuestion, world: World): readonly Premise[] {
  const { vocabulary, victim, kind, session } = world;
  const home = homeOf(world);
  const found: Premise[] = [];
  if (home !== undefined && (vocabulary.used.has(home.name) || (home === table && command === 'insert')))
    found.push({ kind, name: 'there', formula: rowAtHome(world, home), says: `the ${kind} is there` });
  const ownKey = owner === undefined ? undefined : keyOfItself(owner);
  if (ownKey !== undefined && table !== home && command === 'insert')
    found.push({ kind, name: 'there', formula: rowAtHome(world, table, ownKey), says: `the ${kind} is there` });
  for (const membership of kind === 'tenant' ? tenancy.memberships : []) {
    const members = tableNamed(vocabulary.database, membership.table);
    const tenant = members?.columns.find(column => column.name === membership.tenantColumn);
    const user = members?.columns.find(column => column.name === membership.userColumn);
    if (
      members === undefined ||
      tenant === undefined ||
      user === undefined ||
      !vocabulary.used.has(members.name) ||
      members === home
    )
      continue;
    const row = constantRow(vocabulary, members, `a member in ${members.name}`);
    const formula = all([
      vocabulary.live(members.name, row.name),
      same(vocabulary.column(members, tenant, row.name).term, victim),
      ...(session.signedIn ? [not(same(vocabulary.column(members, user, row.name).term, session.user().term))] : []),
    ]);
    found.push({
      kind,
      name: `member in ${members.name}`,
      formula,
      says: `the tenant has a member in '${members.name}'`,
    });
    break;
  }
  return found;
}
