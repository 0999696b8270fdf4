import { objectName, type Cell, type CellEvidence } from '../../core/cell.ts';
import type { Gap } from '../../core/gap.ts';
import type { Solver, Sql } from '../../core/ports.ts';
import { listed } from '../../core/list.ts';
import { messageOf } from '../../core/error.ts';
import { mayUse } from '../../model/database/roles.ts';
import type { DatabaseFunction, DatabaseModel, Policy, Table, View } from '../../model/database/types.ts';
import { showingsOf } from '../../model/tenancy/shown.ts';
import type { Owner, TenancyModel } from '../../model/tenancy/types.ts';
import { applicablePolicies, isBound, refusal } from '../../logic/smt/policies.ts';
import { createVocabulary } from '../../logic/smt/vocabulary.ts';
import { changedThrough, functionAccesses, viewAccesses, type AccessQuestion, type Accesses } from './accesses.ts';
import { createClosure, type Closedness, type Reliance, type Writer } from './closure.ts';
import { sideEffects, type SideEffects } from './side-effects.ts';
import type { Range } from '../exploit/range.ts';
import { isShut } from '../exploit/verdict.ts';
import { replaySequence } from '../witness/sequence.ts';
import { replayWitness } from '../witness/replay.ts';
import {
  isRowCommand,
  tableGoals,
  type GoalFor,
  type ProofGoal,
  type RowCommand,
  type TableQuestion,
  type Try,
} from './goals.ts';
import { functionNamed, tableNamed, viewNamed } from '../../logic/named.ts';
import { ownerOfTable, waysOf } from '../../model/tenancy/owner-of.ts';

/** What the proofs are made from. */
export interface ProofSources {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  /** Absent where z3 is not installed: then only what needs none is proved. */
  readonly solver: Solver | undefined;
  /** The one role whose cells are asked about; all of them where none is named. */
  readonly role?: string;
  /** When the time that was given is over, on the clock of `performance.now`. */
  readonly until?: number;
  /** Where rows that the solver finds are tried; absent where nothing is. */
  readonly field?: { readonly sql: Sql; readonly range: Range };
}

/** The sources, and what was found of tables: functions and views that read with the caller's rights ask again. */
interface Work extends ProofSources {
  readonly tables: Map<string, Promise<Proof>>;
}

/** Proves cells, of which some may be known before the others. */
export interface Prover {
  /** Begins with cells of which every actor was tried, while others still are: the solver has a thread of its own. */
  readonly ahead: (cells: readonly Cell[]) => void;
  /** All cells with proofs where there are any. Only what the replay called isolated is asked. */
  readonly prove: (cells: readonly Cell[], field?: ProofSources['field']) => Promise<ProvedCells>;
}

/** Cells with what was proved of them. */
export interface ProvedCells {
  readonly cells: readonly Cell[];
  readonly gaps: readonly Gap[];
  readonly witnesses: WitnessCount;
}

/** What became of the rows that the solver found where it could prove nothing. */
export interface WitnessCount {
  readonly tried: number;
  /** Postgres gave a row away on them. */
  readonly reached: number;
}

/** Proves one matrix. */
export function createProver(sources: Omit<ProofSources, 'field'>): Prover {
  const work: Work = { ...sources, tables: new Map() };
  const begun = new Map<string, Promise<Proof>>();
  const begin = (cell: Cell): Promise<Proof> => {
    const key = keyOf(cell);
    const proof = begun.get(key) ?? proveCell(cell, work);
    begun.set(key, proof);
    return proof;
  };
  return {
    ahead: cells => {
      for (const cell of questions(cells, sources.role).values()) begin(cell).catch(() => {}); // fails again for who asks
    },
    prove: async (cells, field) => {
      const proofs = new Map<string, Proof>();
      const late = whenLate(sources);
      for (const [key, cell] of questions(cells, sources.role)) {
        const proof = isLate(sources) ? begun.get(key) : begin(cell);
        proofs.set(key, proof === undefined ? noTime : await Promise.race([proof, ...late]));
      }
      return withProofs(cells, proofs, field === undefined ? sources : { ...sources, field });
    },
  };
}

function isLate({ until }: Pick<ProofSources, 'until'>): boolean {
  return until !== undefined && performance.now() >= until;
}

const noTime: Proof = { kind: 'open', because: 'there was no time left for it' };

/** Answers when the time is over; nothing where none was given. */
function whenLate({ until }: Pick<ProofSources, 'until'>): readonly Promise<Proof>[] {
  if (until === undefined) return [];
  const leftMs = Math.max(0, until - performance.now());
  return [new Promise(resolve => setTimeout(() => resolve(noTime), leftMs).unref())];
}

/** A cell for each question: what leaks needs no proof. */
function questions(cells: readonly Cell[], role: string | undefined): ReadonlyMap<string, Cell> {
  const leaking = new Set(cells.filter(cell => cell.verdict === 'leaks').map(keyOf));
  const asked = new Map<string, Cell>();
  for (const cell of [...cells.filter(isAsked), ...cells.filter(mayOpen)]) {
    const key = keyOf(cell);
    if (role !== undefined && cell.role !== role) continue;
    if (!leaking.has(key) && !asked.has(key)) asked.set(key, cell);
  }
  return asked;
}

async function withProofs(
  cells: readonly Cell[],
  proofs: Map<string, Proof>,
  sources: ProofSources,
): Promise<ProvedCells> {
  const { found, witnesses } = await withWitnesses(proofs, sources);
  const open = new Set([...found.values()].map(keyOf));
  const seen = cells.map(cell => {
    if (isAsked(cell)) return found.get(actorKeyOf(cell)) ?? cell;
    return mayOpen(cell) ? (found.get(actorKeyOf(cell)) ?? (open.has(keyOf(cell)) ? opened(cell) : cell)) : cell;
  });
  const evidence = await withClosure(proofs, seen, sources);
  const proved = seen.map(cell => {
    const found = isAsked(cell) ? evidence.get(keyOf(cell)) : undefined;
    return found === undefined ? cell : { ...cell, evidence: [...cell.evidence, found] };
  });
  return { cells: proved, gaps: [...gapsOf(cells, sources), ...unproved(proved, proofs, sources)], witnesses };
}

/** Rows of the solver's that are not tried any more: each takes a few round trips. */
const mostWitnesses = 80;

/** What the solver could not close is tried in Postgres, on the rows that it found; only what was seen there is a leak. */
async function withWitnesses(
  proofs: Map<string, Proof>,
  sources: ProofSources,
): Promise<{ readonly found: ReadonlyMap<string, Cell>; readonly witnesses: WitnessCount }> {
  const { solver, field } = sources;
  const found = new Map<string, Cell>();
  let tried = 0;
  for (const [key, proof] of proofs) {
    if (proof.kind !== 'open' || proof.witness === undefined || solver === undefined || field === undefined) continue;
    if (tried >= mostWitnesses || isLate(sources)) break;
    tried += 1;
    const { goal, question } = proof.witness;
    const outcome = await replayWitness({ ...field, ...question, solver, goal });
    if (outcome.kind === 'reached') found.set(actorKeyOf(outcome.cell), outcome.cell);
    else proofs.set(key, { kind: 'open', because: `${proof.because} (${outcome.because})` });
  }
  return { found, witnesses: { tried, reached: found.size } };
}

function actorKeyOf(cell: Cell): string {
  return `${keyOf(cell)} ${cell.actor}`;
}

/** A member of both tenants reads what is its own: there is nothing to prove. */
function isAsked({ verdict, actor }: Cell): boolean {
  return verdict === 'isolated' && actor !== 'member-of-both';
}

/** What lets nobody at the rows that were made may let a stranger at others: a permission that none of the rows gives. */
function mayOpen(cell: Cell): boolean {
  return isShut(cell) && cell.actor !== 'member-of-both';
}

/** The policies let somebody in after all, on rows that were not made for this actor. */
function opened(cell: Cell): Cell {
  return {
    ...cell,
    verdict: 'unknown',
    because: 'None of the rows that were made lets anybody in; those that the prover found do.',
  };
}

/** Cells of one object, role and command are one question, whoever is signed in. */
function keyOf(cell: Cell): string {
  return `${cell.objectKind} ${cell.schema} ${cell.object} ${cell.bucket ?? ''} ${cell.role} ${cell.actor === 'anonymous'} ${cell.command}`;
}

/** A proof whose premises the attacker can break by a write of his own is one for single statements only. */
async function withClosure(
  proofs: ReadonlyMap<string, Proof>,
  cells: readonly Cell[],
  sources: ProofSources,
): Promise<ReadonlyMap<string, CellEvidence>> {
  const { solver, database, tenancy, field } = sources;
  const closure =
    solver === undefined ? undefined : createClosure({ database, tenancy, solver, writers: writersIn(cells) });
  const found = new Map<string, CellEvidence>();
  // Most proofs rest on the same few tables.
  const effects = new Map<string, SideEffects>();
  const effectsOn = (tables: readonly string[]): SideEffects => {
    const key = tables.join('\n');
    const known = effects.get(key) ?? sideEffects(tables, cells, database);
    effects.set(key, known);
    return known;
  };
  const asked = new Map(
    cells
      .filter(isAsked)
      .toReversed()
      .map(cell => [keyOf(cell), cell] as const),
  );
  for (const [key, proof] of proofs) {
    if (proof.kind === 'open') continue;
    if (proof.reliances.length > 0 && isLate(sources)) {
      found.set(key, forOneStatement(proof.evidence, 'there was no time left to look at sequences'));
      continue;
    }
    const closed = proof.reliances.length === 0 ? undefined : await closure?.closed(proof.reliances);
    const held = closed === undefined ? proof.evidence : afterClosure(proof.evidence, closed, effectsOn);
    const cell = asked.get(key);
    const opening = closed?.kind === 'open' ? closed.write : undefined;
    const script =
      field === undefined || cell === undefined || opening === undefined
        ? undefined
        : await replaySequence(cell, opening, field.range);
    found.set(key, script === undefined ? held : withSequence(held, script));
  }
  return found;
}

/** The way around it was not only seen by the solver: it was gone. */
function withSequence(evidence: CellEvidence, script: string): CellEvidence {
  return {
    ...evidence,
    transcript: `${evidence.transcript}\nThat write leaks, and after it so does this:\n${script}`,
  };
}

function afterClosure(
  evidence: CellEvidence,
  closed: Closedness,
  effectsOn: (tables: readonly string[]) => SideEffects,
): CellEvidence {
  const others = closed.kind === 'closed' ? effectsOn(closed.tables) : undefined;
  const open = closed.kind === 'open' ? closed.because : others?.leaking;
  if (open !== undefined) return forOneStatement(evidence, open);
  const tables = closed.kind === 'closed' ? closed.tables.map(name => `'${name}'`).join(', ') : '';
  return {
    ...evidence,
    transcript: `${evidence.transcript}\nClosed under the attacker's own writes: no INSERT or UPDATE on ${tables} that the policies allow ties him to the victim.`,
    assumptions: [
      ...new Set([
        ...evidence.assumptions,
        ...(closed.kind === 'closed' && closed.reading ? [everyStatementReads] : []),
        ...(others?.assumptions ?? []),
      ]),
    ],
  };
}

function forOneStatement(evidence: CellEvidence, because: string): CellEvidence {
  const transcript = `${evidence.transcript}\nThis holds for one statement, not for a sequence: ${because}.`;
  return { ...evidence, kind: 'bounded', transcript };
}

const everyStatementReads = 'the statement reads a column of the row, as every request through the API does';

function writersIn(cells: readonly Cell[]): readonly Writer[] {
  const writers = new Map(
    cells
      .filter(cell => cell.role !== 'owner')
      .map(
        ({ role, actor }) => [`${role} ${actor === 'anonymous'}`, { role, signedIn: actor !== 'anonymous' }] as const,
      ),
  );
  return [...writers.values()];
}

type Proof =
  | { readonly kind: 'proved'; readonly evidence: CellEvidence; readonly reliances: readonly Reliance[] }
  | {
      readonly kind: 'open';
      readonly because: string;
      /** The question whose answer was a world in which it does not hold. */
      readonly witness?: { readonly goal: ProofGoal; readonly question: TableQuestion };
    };

function none(because: string): Proof {
  return { kind: 'open', because };
}

async function proveCell(cell: Cell, sources: Work): Promise<Proof> {
  const name = objectName(cell);
  if (cell.role === 'owner') return proveForOwner(name, cell, sources);
  const { database } = sources;
  const signedIn = cell.actor !== 'anonymous';
  if (cell.objectKind === 'function') return proveFunction(name, cell.role, signedIn, sources);
  if (!isRowCommand(cell.command)) return proveTruncate(name, cell, sources);
  if (cell.objectKind === 'view') return proveView(name, cell.role, cell.command, signedIn, sources);
  const table = tableNamed(database, name);
  if (cell.objectKind === 'bucket' && table !== undefined)
    return proveTable(table, cell.role, cell.command, signedIn, sources, cell.bucket);
  return table === undefined || cell.objectKind !== 'table'
    ? none(`a ${cell.objectKind} is not followed`)
    : proveTable(table, cell.role, cell.command, signedIn, sources);
}

/** Policies bind the owner where they are forced. https://www.postgresql.org/docs/18/ddl-rowsecurity.html */
async function proveForOwner(name: string, { role, command, actor }: Cell, sources: Work): Promise<Proof> {
  // Whatever the migrations ran as: the app's connection owns everything and is no superuser, or nothing binds it at all.
  const owns = <Named extends { readonly owner: string }>(object: Named): Named => ({ ...object, owner: role });
  const { tables, views, functions, ...rest } = sources.database;
  const database = { ...rest, tables: tables.map(owns), views: views.map(owns), functions: functions.map(owns) };
  const table = tableNamed(database, name);
  if (table === undefined || !isRowCommand(command) || !isBound(table, role))
    return none('policies do not bind the owner of the table');
  const found = await proveTable(table, role, command, actor !== 'anonymous', { ...sources, database });
  // What the app's own statements write is not up to policies.
  return found.kind === 'proved' && found.reliances.length > 0
    ? none(`it rests on rows of '${found.reliances[0]?.table ?? ''}', which the app's own code writes`)
    : found;
}

/** Row security says nothing of TRUNCATE: only the privilege decides. https://www.postgresql.org/docs/18/ddl-rowsecurity.html */
function proveTruncate(name: string, { role, command }: Cell, { database }: ProofSources): Proof {
  const table = tableNamed(database, name);
  if (command !== 'truncate' || table === undefined) return none('');
  if (mayUse(role, 'truncate', table, database) || table.owner === role) return none(''); // the cell itself says what stands in the way
  return proof(
    `'${role}' has no TRUNCATE privilege on '${name}', nor has a role that it belongs to.`,
    [],
    [],
    [],
    performance.now(),
  );
}

/** All functions of a name: the cell does not say which. */
async function proveFunction(name: string, role: string, signedIn: boolean, sources: Work): Promise<Proof> {
  const started = performance.now();
  const definitions = sources.database.functions.filter(candidate => candidate.name === name);
  // The cell itself says what stands in the way.
  if (sources.database.platform === 'supabase' && definitions.every(({ returns }) => returns === 'procedure'))
    return none('');
  const parts: Proof[] = [];
  for (const definition of definitions) {
    const plain = uncallable(definition, role, sources);
    const question = { ...sources, role, signedIn };
    parts.push(
      plain === undefined
        ? await proveAccesses(
            () => functionAccesses(definition, question),
            `a call of '${name}' by '${role}'`,
            question,
            sources,
          )
        : proof(plain, [], [], [], started),
    );
  }
  return joined(parts, started);
}

function uncallable(definition: DatabaseFunction, role: string, { database }: ProofSources): string | undefined {
  const { name, returns, owner } = definition;
  if (/^(trigger|event_trigger)$/.test(returns)) return `Only a trigger can call '${name}'.`;
  return owner === role || mayUse(role, 'execute', definition, database)
    ? undefined
    : `'${role}' has no EXECUTE privilege on '${name}', nor has a role that it belongs to.`;
}

async function proveView(
  name: string,
  role: string,
  command: RowCommand,
  signedIn: boolean,
  sources: Work,
): Promise<Proof> {
  const started = performance.now();
  const { database } = sources;
  const view = viewNamed(database, name);
  if (view === undefined) return none('the view is not known');
  if (!mayUse(role, command, view, database) && view.owner !== role)
    return proof(
      `'${role}' has no ${command.toUpperCase()} privilege on '${name}', nor has a role that it belongs to.`,
      [],
      [],
      [],
      started,
    );
  const question = { ...sources, role, signedIn };
  const reads = (): Accesses => viewAccesses(view, question);
  if (command === 'select') return proveAccesses(reads, `what '${name}' shows to '${role}'`, question, sources);
  if (isRewritten(view, database)) return none('a trigger or a rule says what a change of the view does');
  const target = changedThrough(view, database);
  if (target === undefined)
    return proof(
      `Postgres refuses changes through '${name}', whose query is more than one table, without a rule or an INSTEAD OF trigger.`,
      [],
      [],
      [],
      started,
    );
  const table = tableNamed(database, target);
  if (table !== undefined && view.securityInvoker) return proveTable(table, role, command, signedIn, sources);
  if (command === 'insert') return none('a row may be added that the view itself does not show');
  return command === 'delete'
    ? proveAccesses(reads, `a change through '${name}' by '${role}'`, question, sources)
    : none('a row may be changed into one that the view itself does not show');
}

/** Whether something else than Postgres itself makes a change of the view, or of one below it, into one of tables. */
function isRewritten(view: View, database: DatabaseModel, depth = 0): boolean {
  const below = database.views.filter(({ name }) => view.reads.includes(name));
  return (
    (view.triggers ?? []).length + (view.rules ?? []).length > 0 ||
    depth > 8 ||
    below.some(each => isRewritten(each, database, depth + 1))
  );
}

/** The accesses of a body reach nothing of a victim's, and its changes are those that the tables' policies allow. */
async function proveAccesses(
  read: () => Accesses,
  what: string,
  question: AccessQuestion,
  sources: Work,
): Promise<Proof> {
  const started = performance.now();
  const accesses = attempt(read);
  if (accesses.kind === 'open') return none(accesses.because);
  if (sources.solver === undefined) return none('');
  const parts: Proof[] = [];
  for (const { table, command } of accesses.changes)
    parts.push(await proveTable(table, question.role, command, question.signedIn, sources));
  const readings: Proof[] = [];
  for (const table of accesses.byTables.reads)
    readings.push(await proveTable(table, question.role, 'select', question.signedIn, sources));
  const isShown = readings.every(part => part.kind === 'proved');
  if (isShown) parts.push(...readings);
  for (const goal of isShown ? accesses.byTables.goals() : accesses.goals()) {
    const part = await proveAccess(goal, what, sources.solver, started);
    if (part.kind === 'open') return part;
    parts.push(part);
  }
  if (parts.length === 0)
    parts.push(
      proof(
        `In ${what} no row of a tenant or a user is reached: none of the tables that are read or changed has an owner.`,
        [],
        [],
        [],
        started,
      ),
    );
  return joined(parts, started);
}

async function proveAccess(goal: ProofGoal, what: string, solver: Solver, started: number): Promise<Proof> {
  const answer = await solver.check(goal.goal);
  if (answer.kind === 'unknown') return none(`the solver gave up (${answer.reason})`);
  if (answer.kind === 'sat')
    return none(
      goal.reasons.length === 0 ? `it seems that ${goal.says}` : `${goal.reasons.join(', ')} is not followed`,
    );
  const found = neededBy(goal, answer.needed);
  const says = `No rows and no arguments exist with which in ${what} ${goal.says}.`;
  return proof(says, [], found.says, found.reliances, started);
}

function attempt(read: () => Accesses): Accesses {
  try {
    return read();
  } catch (thrown) {
    return { kind: 'open', because: `its text was not understood: ${messageOf(thrown)}` };
  }
}

function neededBy(
  goal: ProofGoal,
  names: readonly string[],
): { readonly says: readonly string[]; readonly reliances: readonly Reliance[] } {
  const needed = names.flatMap(name => goal.premises.get(name) ?? []);
  return {
    says: needed.map(premise => premise.says),
    reliances: needed.flatMap(({ kind, name, table }) =>
      table === undefined ? [] : [{ kind, name, table, used: goal.used }],
    ),
  };
}

/** All of them, as one. */
function joined(parts: readonly Proof[], started: number): Proof {
  const failed = parts.find(part => part.kind === 'open');
  if (failed !== undefined) return failed;
  const proved = parts.flatMap(part => (part.kind === 'proved' ? [part] : []));
  if (proved.length === 0) return none('');
  return proof(
    [...new Set(proved.map(({ evidence }) => evidence.transcript))].join('\n'),
    [],
    [...new Set(proved.flatMap(({ evidence }) => evidence.assumptions))],
    proved.flatMap(({ reliances }) => reliances),
    started,
  );
}

async function proveTable(
  table: Table,
  role: string,
  command: RowCommand,
  signedIn: boolean,
  work: Work,
  bucket?: string,
): Promise<Proof> {
  const key = `${table.name} ${role} ${command} ${signedIn} ${bucket ?? ''}`;
  const found = work.tables.get(key) ?? proveTableAnew(table, role, command, signedIn, work, bucket);
  work.tables.set(key, found);
  return found;
}

async function proveTableAnew(
  table: Table,
  role: string,
  command: RowCommand,
  signedIn: boolean,
  sources: ProofSources,
  bucket?: string,
): Promise<Proof> {
  const started = performance.now();
  const plain = withoutSolver(table, role, command, sources);
  if (plain !== undefined) return proof(plain, [], [], [], started);
  if (!isBound(table, role)) return none(`row security does not bind '${role}' on it`);
  if (sources.solver === undefined) return none('');
  const owner = ownerOfTable(sources.tenancy, table.name);
  const question: TableQuestion = {
    ...sources,
    table,
    owner: bucket === undefined ? owner : undefined,
    role,
    signedIn,
    command,
    ...(bucket === undefined ? {} : { bucket }),
  };
  const needed = new Map<string, string>();
  const said: string[] = [];
  const policies = new Set<Policy>();
  const reliances: Reliance[] = [];
  for (const make of tableGoals(question)) {
    const outcome = await decide(make, command, sources.solver);
    if (outcome.kind === 'open') {
      const { because, goal: open } = outcome;
      return { kind: 'open', because, ...(open === undefined ? {} : { witness: { goal: open, question } }) };
    }
    for (const name of outcome.needed) {
      const premise = outcome.goal.premises.get(name);
      if (premise === undefined) continue;
      needed.set(name, premise.says);
      if (name === 'path') reliances.push(...memberships(outcome.goal, sources.tenancy));
      if (premise.table !== undefined)
        reliances.push({ kind: premise.kind, name, table: premise.table, used: outcome.goal.used });
    }
    if (outcome.reading) needed.set('reading', everyStatementReads);
    for (const policy of outcome.goal.policies) policies.add(policy);
    said.push(`No rows and no ${signedIn ? 'user' : 'session'} exist for which ${outcome.goal.says} as '${role}'.`);
  }
  if (signedIn && question.owner !== undefined && command !== 'insert' && isOwned(question.owner))
    needed.set('own', 'a row in which a column names who asks, by key or address, counts as his own');
  const marks =
    command === 'select' ? showingsOf(table, sources.database, sources.tenancy).flatMap(each => each.marks) : [];
  if (marks.length > 0)
    needed.set(
      'shown',
      `rows that policies show to others by ${listed([...new Set(marks.map(({ column }) => `'${column}'`))])} are meant for them`,
    );
  said.push(...ownershipOf(question.owner));
  return proof(said.join('\n'), [...policies], [...needed.values()], reliances, started);
}

function isOwned({ ownership }: Owner): boolean {
  return ownership.kind === 'tenant' || ownership.kind === 'user';
}

/** By which columns the row's owner was found: a proof is worth what this is. */
function ownershipOf(owner: Owner | undefined): readonly string[] {
  if (owner?.ownership.kind !== 'tenant' && owner?.ownership.kind !== 'user') return [];
  const ways = waysOf(owner).map(({ path }) =>
    path.map(hop => `${hop.column} → ${hop.table}.${hop.referencedColumn}`).join(', '),
  );
  return [
    `The victim is the ${owner.ownership.kind} to whom a row of '${owner.table}' belongs: ${ways.join('; or ')}.`,
  ];
}

/** Nobody comes to be named in the rows of another tenant. */
function memberships({ used }: ProofGoal, { owners }: TenancyModel): readonly Reliance[] {
  return owners
    .filter(owner => owner.ownership.kind === 'tenant' && used.has(owner.table))
    .map(({ table }) => ({ kind: 'tenant', name: `outsider of ${table}`, table, used }));
}

type Decision =
  | { readonly kind: 'closed'; readonly goal: ProofGoal; readonly needed: readonly string[]; readonly reading: boolean }
  | { readonly kind: 'open'; readonly because: string; readonly goal: ProofGoal | undefined };

/** From what needs least to what takes most for granted. */
const tries: readonly Try[] = [
  { reading: false, consistent: false, parents: 'any' },
  { reading: true, consistent: false, parents: 'any' },
  { reading: false, consistent: true, parents: 'any' },
  { reading: false, consistent: true, parents: 'of the row' },
  { reading: true, consistent: true, parents: 'of the row' },
  { reading: false, consistent: true, parents: 'of all rows' },
  { reading: true, consistent: true, parents: 'of all rows' },
];

async function decide(make: GoalFor, command: RowCommand, solver: Solver): Promise<Decision> {
  let because = '';
  let open: ProofGoal | undefined;
  // A row can be added without reading it back; what changes or deletes rows names them by a column.
  const mayRead = command === 'update' || command === 'delete';
  for (const trying of tries.filter(({ reading }) => !reading || mayRead)) {
    const goal = make(trying);
    const answer = await solver.check(goal.goal);
    if (answer.kind === 'unsat') return { kind: 'closed', goal, needed: answer.needed, reading: trying.reading };
    // Of the most honest world: nothing hangs in the air, and the statement names the row by its key.
    if (answer.kind === 'sat' && trying.parents === 'of all rows' && trying.reading === mayRead) open = goal;
    if (because === '')
      because =
        answer.kind === 'unknown'
          ? `the solver gave up (${answer.reason})`
          : goal.reasons.length === 0
            ? `it seems that ${goal.says}`
            : `${goal.reasons.join(', ')} is not followed`;
  }
  return { kind: 'open', because, goal: open };
}

/** What follows from privileges and from there being no policy. */
function withoutSolver(
  table: Table,
  role: string,
  command: RowCommand,
  { database }: ProofSources,
): string | undefined {
  if (!mayUse(role, command, table, database) && table.owner !== role)
    return `'${role}' has no ${command.toUpperCase()} privilege on '${table.name}', nor has a role that it belongs to.`;
  if (!isBound(table, role)) return undefined;
  const question = { table, role, command, part: command === 'insert' ? 'check' : 'using' } as const;
  const vocabulary = createVocabulary(database);
  const refused = refusal(vocabulary, question);
  if (refused !== undefined) return `Postgres refuses every ${command.toUpperCase()} on '${table.name}': ${refused}.`;
  return applicablePolicies(vocabulary, question).permissive.length === 0
    ? `Row security is on for '${table.name}', and no permissive policy lets '${role}' ${command}: Postgres refuses every row.`
    : undefined;
}

function proof(
  said: string,
  policies: readonly Policy[],
  assumptions: readonly string[],
  reliances: readonly Reliance[],
  started: number,
): Proof {
  const texts = policies.map(
    policy =>
      `${policy.permissive ? 'policy' : 'restrictive policy'} "${policy.name}" for ${policy.command}${policy.using === undefined ? '' : ` using (${policy.using})`}${policy.check === undefined ? '' : ` with check (${policy.check})`}`,
  );
  return {
    kind: 'proved',
    reliances,
    evidence: {
      kind: 'proof',
      transcript: [said, ...texts].join('\n'),
      assumptions: [...assumptions],
      elapsedMs: Math.round(performance.now() - started),
    },
  };
}

/** Why cells that nothing broke are not proved, one gap for an object and a reason. */
function unproved(
  cells: readonly Cell[],
  proofs: ReadonlyMap<string, Proof>,
  { database }: ProofSources,
): readonly Gap[] {
  const gaps = new Map<string, Gap>();
  for (const cell of cells) {
    const found = isAsked(cell) ? proofs.get(keyOf(cell)) : undefined;
    if (found?.kind !== 'open' || found.because === '') continue;
    const name = objectName(cell);
    const key = `${name} ${found.because}`;
    const object = tableNamed(database, name) ?? viewNamed(database, name) ?? functionNamed(database, name);
    const place = object?.definedAt;
    gaps.set(key, {
      reason: `${unprovedPrefix(name)}${found.because}.`,
      file: place?.file ?? '',
      line: place?.line ?? 0,
      settles: (gaps.get(key)?.settles ?? 0) + 1,
    });
  }
  return [...gaps.values()];
}

function unprovedPrefix(name: string): string {
  return `That '${name}' is isolated was tried and not proved: `;
}

/** Without the gaps of what is not called isolated after all. */
export function withoutObsolete(gaps: readonly Gap[], before: readonly Cell[], cells: readonly Cell[]): readonly Gap[] {
  const now = openNames(cells);
  const gone = [...openNames(before)].filter(name => !now.has(name)).map(unprovedPrefix);
  return gone.length === 0 ? gaps : gaps.filter(({ reason }) => !gone.some(prefix => reason.startsWith(prefix)));
}

/** What is called isolated without a proof. */
function openNames(cells: readonly Cell[]): ReadonlySet<string> {
  const open = cells.filter(
    ({ verdict, evidence }) => verdict === 'isolated' && !evidence.some(({ kind }) => kind === 'proof'),
  );
  return new Set(open.map(objectName));
}

function gapsOf(cells: readonly Cell[], { solver }: ProofSources): readonly Gap[] {
  const isolated = cells.filter(cell => cell.verdict === 'isolated').length;
  if (solver !== undefined || isolated === 0) return [];
  return [
    {
      reason:
        'Nothing was proved beyond what privileges say: the optional package z3-solver is not installed (`npm install z3-solver`).',
      file: '',
      line: 0,
      settles: isolated,
    },
  ];
}
