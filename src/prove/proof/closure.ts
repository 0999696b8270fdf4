import type { Solver } from '../../core/ports.ts';
import { compareText } from '../../core/place.ts';
import { isPlatformTable } from '../../model/database/platform.ts';
import { mayUse } from '../../model/database/roles.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import { isUserSetting } from '../../model/tenancy/links.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { all, any, not, same, type Variable } from '../../logic/smt/formula.ts';
import { applicablePolicies, createEncoder, isBound, policyTruth } from '../../logic/smt/policies.ts';
import { createSession } from '../../logic/smt/session.ts';
import { createVocabulary, type Vocabulary } from '../../logic/smt/vocabulary.ts';
import type { OpeningWrite } from '../witness/sequence.ts';
import { tablesNamed, textOfTokens } from '../exploit/policy-reads.ts';
import { premises, premisesAbout, trustedSession, type World } from './adversary.ts';
import { constantRow, goalTimeoutMs, homeOf, kept, rowAtHome, unlike } from './goals.ts';

/**
 * What a proof takes for granted of the rows (nothing ties who asks to the victim) must stay so whatever the attacker
 * writes. Each premise is an invariant: when it held before a statement that the policies allow, it holds after. One step
 * is enough, as every sequence of statements is made of steps; premises that a step needs must be invariants themselves.
 */

/** A premise that a proof rests on. */
export interface Reliance {
  readonly kind: World['kind'];
  readonly name: string;
  readonly table: string;
  /** Tables with the columns that the proof reads. */
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Somebody who can send statements: the attacker, signed in or not. */
export interface Writer {
  readonly role: string;
  readonly signedIn: boolean;
}

/** What the steps are checked with. */
export interface ClosureSources {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly solver: Solver;
  readonly writers: readonly Writer[];
}

/** Whether a premise survives the attacker's writes; otherwise the write that breaks it, in words. */
export type Closedness =
  | {
      readonly kind: 'closed';
      readonly tables: readonly string[];
      /** Only as far as every UPDATE reads a column, so that the policies for SELECT apply to it. */
      readonly reading: boolean;
    }
  | { readonly kind: 'open'; readonly because: string; readonly write?: OpeningWrite };

/** Answers whether reliances are closed under the attacker's own writes; what was found is kept. */
export interface Closure {
  closed(reliances: readonly Reliance[]): Promise<Closedness>;
}

interface Node {
  readonly reliance: Reliance;
  readonly columns: Map<string, Set<string>>;
  /** The premises that its steps rest on, by key. */
  needs: ReadonlySet<string>;
  tables: readonly string[];
  reading: boolean;
  open: Opening | undefined;
  /** The columns with which it was checked last. */
  checked: string;
}

const maximumRounds = 6;

/** A closure over a database. */
export function createClosure(sources: ClosureSources): Closure {
  const nodes = new Map<string, Node>();
  const keyOf = ({ kind, name }: Reliance): string => `${kind}: ${name}`;
  const add = (reliance: Reliance): string => {
    const key = keyOf(reliance);
    const node = nodes.get(key) ?? {
      reliance,
      columns: new Map(),
      needs: new Set(),
      tables: [],
      reading: false,
      open: undefined,
      checked: '',
    };
    const columns = node.columns.get(reliance.table) ?? new Set();
    for (const column of reliance.used.get(reliance.table) ?? []) columns.add(column);
    node.columns.set(reliance.table, columns);
    nodes.set(key, node);
    return key;
  };
  const check = async (node: Node): Promise<boolean> => {
    const state = [...(node.columns.get(node.reliance.table) ?? [])].sort(compareText).join(' ');
    if (node.checked === `|${state}`) return false;
    const result = await checkSteps(node, sources);
    node.checked = `|${state}`;
    node.open = result.open;
    node.tables = result.tables;
    node.reading = result.reading;
    node.needs = new Set(result.needs.map(add));
    return true;
  };
  return {
    closed: async reliances => {
      const start = reliances.map(add);
      for (let round = 0; round < maximumRounds; round += 1) {
        let changed = false;
        for (const key of reached(start, nodes)) {
          const node = nodes.get(key);
          if (node !== undefined && (await check(node))) changed = true;
        }
        if (!changed) break;
        if (round === maximumRounds - 1) return { kind: 'open', because: 'what the proofs rest on keeps growing' };
      }
      const needed = [...reached(start, nodes)].flatMap(key => nodes.get(key) ?? []);
      const broken = needed.find(node => node.open !== undefined);
      if (broken?.open !== undefined) return { kind: 'open', ...broken.open };
      return {
        kind: 'closed',
        tables: [...new Set(needed.flatMap(node => node.tables))].sort(compareText),
        reading: needed.some(node => node.reading),
      };
    },
  };
}

function reached(start: readonly string[], nodes: ReadonlyMap<string, Node>): ReadonlySet<string> {
  const found = new Set(start);
  for (const key of found) for (const next of nodes.get(key)?.needs ?? []) found.add(next);
  return found;
}

/** What breaks a premise: in words, and the write where it is one. */
interface Opening {
  readonly because: string;
  readonly write?: OpeningWrite;
}

interface StepsResult {
  readonly open: Opening | undefined;
  readonly needs: readonly Reliance[];
  readonly tables: readonly string[];
  readonly reading: boolean;
}

/** Every INSERT and UPDATE of every writer on the tables that the premise is about. */
async function checkSteps(node: Node, sources: ClosureSources): Promise<StepsResult> {
  const needs: Reliance[] = [...behindTokens(node, sources)];
  let reading = false;
  const tables = tablesOf(node, sources);
  if (tables.length === 0) return opened({ because: `what ties users to '${node.reliance.table}' is not followed` });
  for (const table of tables) {
    for (const writer of sources.writers) {
      for (const command of ['insert', 'update'] as const) {
        const step: Step = { node, table, writer, command };
        if (cannot(step, sources)) continue;
        const outcome = isBound(table, writer.role) ? await checkStep(step, sources) : { kind: 'open' as const };
        if (outcome.kind === 'open') return opened(openingOf(step));
        needs.push(...outcome.needs);
        reading ||= outcome.reading;
      }
    }
  }
  return { open: undefined, needs, tables: tables.map(table => table.name), reading };
}

/** What a token says, a hook reads out of tables: of their rows the same must hold as of those that policies read. */
function behindTokens({ reliance: { kind, name } }: Node, { database, tenancy }: ClosureSources): readonly Reliance[] {
  if (name !== trustedSession) return [];
  const text = textOfTokens(database);
  const words = new Set(text.match(/[\p{L}\p{N}_$]+/gu));
  const read = new Set(tablesNamed(text, database));
  return database.tables
    .filter(table => read.has(table.name) && !isPlatformTable(table, database))
    .flatMap(table => {
      const columns = table.columns.filter(column => words.has(column.name)).map(column => column.name);
      const used = new Map([[table.name, new Set(columns)]]);
      return premisesAbout(table, kind, database, tenancy).map(premise => ({
        kind,
        name: premise,
        table: table.name,
        used,
      }));
    });
}

function opened(open: Opening): StepsResult {
  return { open, needs: [], tables: [], reading: false };
}

interface Step {
  readonly node: Node;
  readonly table: Table;
  readonly writer: Writer;
  readonly command: 'insert' | 'update';
}

function openingOf(step: Step): Opening {
  return { because: describe(step), write: { table: step.table.name, command: step.command, role: step.writer.role } };
}

function describe({ table, writer, command }: Step): string {
  const who = writer.signedIn ? `'${writer.role}'` : `'${writer.role}' without signing in`;
  return command === 'insert'
    ? `${who} may add rows to '${table.name}' that tie the user to a tenant`
    : `${who} may change rows of '${table.name}' so that they tie the user to a tenant`;
}

/** The tables that the premise reads. */
function tablesOf(node: Node, { database, tenancy }: ClosureSources): readonly Table[] {
  if (node.reliance.name === trustedSession) return database.tables.filter(table => table.name === node.reliance.table);
  const vocabulary = createVocabulary(database);
  touch(vocabulary, node);
  const world = worldOf(vocabulary, tenancy, node.reliance.kind, 'authenticated');
  const formula = premises(world, true).find(premise => premise.name === node.reliance.name)?.formula ?? '';
  return database.tables.filter(table => formula.includes(`|live ${table.name}|`));
}

/** Makes the premise say at least what it says in the proofs: of the same columns, and of all that they refer to. */
function touch(vocabulary: Vocabulary, { columns, reliance }: Node): void {
  const { tables } = vocabulary.database;
  const read = (table: Table | undefined, names: readonly string[]): void => {
    for (const column of table?.columns.filter(candidate => names.includes(candidate.name)) ?? [])
      if (table !== undefined) vocabulary.column(table, column, vocabulary.row(table.name).name);
  };
  const table = tables.find(candidate => candidate.name === reliance.table);
  const used = [...(columns.get(reliance.table) ?? [])];
  read(table, used);
  for (const key of table?.foreignKeys ?? [])
    if (key.columns.some(column => used.includes(column)))
      read(
        tables.find(candidate => candidate.name === key.table),
        key.referencedColumns,
      );
}

function worldOf(vocabulary: Vocabulary, tenancy: TenancyModel, kind: World['kind'], role: string): World {
  const session = createSession(vocabulary, { role, signedIn: true, namesUser: isUserSetting });
  return { vocabulary, session, tenancy, victim: vocabulary.free('the victim'), kind };
}

/** No privilege, or no policy that allows the command. */
function cannot({ table, writer, command }: Step, { database }: ClosureSources): boolean {
  if (!mayUse(writer.role, command, table, database) && table.owner !== writer.role) return true;
  const question = { table, role: writer.role, command };
  return (
    isBound(table, writer.role) && applicablePolicies(createVocabulary(database), question).permissive.length === 0
  );
}

type StepOutcome =
  | { readonly kind: 'closed'; readonly needs: readonly Reliance[]; readonly reading: boolean }
  | { readonly kind: 'open' };

async function checkStep(step: Step, sources: ClosureSources): Promise<StepOutcome> {
  for (const reading of step.command === 'update' ? [false, true] : [false]) {
    const outcome = await solveStep(step, sources, reading);
    if (outcome.kind === 'closed') return outcome;
  }
  return { kind: 'open' };
}

async function solveStep(
  { node, table, writer, command }: Step,
  sources: ClosureSources,
  reading: boolean,
): Promise<StepOutcome> {
  const vocabulary = createVocabulary(sources.database);
  const { role, signedIn } = writer;
  const session = createSession(vocabulary, { role, signedIn, namesUser: isUserSetting });
  const encoder = createEncoder(vocabulary, session);
  const before = command === 'update' ? constantRow(vocabulary, table, 'the row') : undefined;
  const after = constantRow(vocabulary, table, 'the new row');
  const gate = [
    not(vocabulary.live(table.name, after.name)),
    policyTruth(encoder, { table, row: after, role, command, part: 'check' }).t,
    ...(before === undefined
      ? []
      : [
          vocabulary.live(table.name, before.name),
          policyTruth(encoder, { table, row: before, role, command, part: 'using' }).t,
        ]),
    ...(before === undefined || !reading
      ? []
      : [before, after].map(row => policyTruth(encoder, { table, row, role, command: 'select', part: 'using' }).t)),
  ];
  touch(vocabulary, node);
  const one = worldOf(vocabulary, sources.tenancy, node.reliance.kind, role);
  // Who signed in writes as himself: what the server says of him is what the policies read.
  const world = signedIn ? { ...one, session } : one;
  // Nobody makes a tenant that is there already: who makes one is in it.
  const there = homeOf(world) === table ? [rowAtHome(world, table)] : [];
  const held = premises(world, true);
  const then = premises({ ...world, vocabulary: afterWrite(vocabulary, table, before, after) }, true).find(
    premise => premise.name === node.reliance.name,
  );
  if (then === undefined) return { kind: 'open' };
  const goal = {
    assertions: [
      ...[...gate, ...there].map(formula => ({ formula })),
      { formula: not(same(world.victim, world.session.user().term)) },
      { formula: not(then.formula) },
      ...unlike(vocabulary, table, after, before === undefined ? [] : [before]).map(formula => ({ formula })),
      ...(before === undefined
        ? []
        : kept(vocabulary, { table, role, database: sources.database }, before, after).map(formula => ({ formula }))),
      ...held.filter(premise => premise.formula !== 'true').map(({ name, formula }) => ({ name, formula })),
      ...vocabulary.axioms().map(formula => ({ formula })),
    ],
    declarations: vocabulary.declarations(),
    timeoutMs: goalTimeoutMs,
  };
  const answer = await sources.solver.check(goal);
  if (answer.kind !== 'unsat') return { kind: 'open' };
  const needs = held.flatMap(premise =>
    premise.table !== undefined && answer.needed.includes(premise.name)
      ? [{ kind: node.reliance.kind, name: premise.name, table: premise.table, used: vocabulary.used }]
      : [],
  );
  return { kind: 'closed', needs, reading };
}

/** The rows that are there after the write. */
function afterWrite(vocabulary: Vocabulary, table: Table, before: Variable | undefined, after: Variable): Vocabulary {
  return {
    ...vocabulary,
    live: (name, row) => {
      const was = vocabulary.live(name, row);
      if (name !== table.name) return was;
      return any([before === undefined ? was : all([was, not(same(row, before.name))]), same(row, after.name)]);
    },
  };
}
