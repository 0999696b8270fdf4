import type { Cell } from '../../core/cell.ts';
import type { Solver, Sql, SolverModel } from '../../core/ports.ts';
import { quoteName, quoteQualified } from '../../core/quote.ts';
import type { Table } from '../../model/database/types.ts';
import { carryOutEach, type Attack } from '../exploit/attack.ts';
import { withBlame } from '../exploit/blame.ts';
import { changeableColumn, type LiteralRow } from '../exploit/literal-row.ts';
import { makeCell } from '../exploit/make-cell.ts';
import type { Range } from '../exploit/range.ts';
import { insertOf, insertRepaired } from '../exploit/repair-row.ts';
import { sessionOf, type Session } from '../exploit/sessions.ts';
import { insertStatement } from '../exploit/table-attacks.ts';
import type { ProofGoal, RowCommand } from '../proof/goals.ts';
import { isTied, namesUser } from './ties.ts';
import { witnessValues, type WitnessValues } from './values.ts';
import { buildWorld, type WitnessRow, type WitnessWorld } from './world.ts';
import { isPlatformTable } from '../../model/database/platform.ts';
import { tableNamed } from '../../logic/named.ts';
import { ownerOfTable } from '../../model/tenancy/owner-of.ts';

/** A question that the solver could not close, and where to try what it found. */
export interface WitnessQuestion {
  readonly sql: Sql;
  readonly range: Range;
  readonly solver: Solver;
  readonly goal: ProofGoal;
  readonly table: Table;
  readonly command: RowCommand;
  readonly role: string;
  readonly signedIn: boolean;
}

/** What became of the solver's rows in Postgres. */
export type WitnessOutcome =
  /** The row was reached by somebody whom nothing ties to its owner. */
  | { readonly kind: 'reached'; readonly cell: Cell }
  /** Postgres gave nothing away, or the rows say nothing; why, in words. */
  | { readonly kind: 'none'; readonly because: string };

/** Makes the rows of the solver's model and runs the command on them; all of it is undone. */
export async function replayWitness(question: WitnessQuestion): Promise<WitnessOutcome> {
  const { sql, range, solver, goal, table } = question;
  const owner = ownerOfTable(range.tenancy, table.name);
  if (owner?.ownership.kind !== 'tenant' && owner?.ownership.kind !== 'user') return none('nobody owns the rows');
  if (isPlatformTable(table, range.database)) return none('the rows are the platform’s');
  const answer = await solver.check({ ...goal.goal, witness: true });
  if (answer.kind !== 'sat' || answer.model === undefined) return none('the solver found no rows to try');
  const { model } = answer;
  const { principal } = range.tenancy;
  const key = tableNamed(range.database, principal?.table)?.columns.find(column => column.name === principal?.key);
  const values = witnessValues(model, key, range.database);
  const session = sessionFor(question, model, values);
  if (typeof session === 'string') return none(session);
  const world = await buildWorld({ ...question, model, values });
  if (world === undefined) return none('the rows that the solver found could not be written out');
  if (isTied(world, values, range)) return none('only rows that tie who asks to the owner let it through');
  const setup = await inserted(sql, world);
  if (typeof setup === 'string') return none(setup);
  const attacks = statementsFor(question, world).map((statement): Attack => ({
    command: question.command,
    tier: 'api',
    setup,
    statement,
    proof: proofOf(question, world),
    deed: 'reached',
  }));
  const actor = signedActor(world, values, range, question.signedIn);
  const outcomes = await carryOutEach(range.attempt, { ...session, actor }, attacks);
  const outcome = outcomes.find(({ result }) => result.kind === 'reached') ?? outcomes[0];
  if (outcome === undefined) return none('the row has no key by which to name it');
  if (outcome.result.kind !== 'reached')
    return none(
      outcome.result.kind === 'nothing'
        ? 'on the rows that the solver found Postgres let nothing through'
        : `on the rows that the solver found Postgres refused (${outcome.result.message})`,
    );
  const judgement = {
    verdict: 'leaks',
    tier: 'api',
    because: `${said(question.command, session)}, ${telling(world.target, values)}: rows that the prover found.`,
    shown: outcome,
  } as const;
  const relations = [...new Set([table.name, ...world.rows.map(row => row.table.name)])];
  const cell = makeCell(range, table, 'table', outcome.session, question.command, judgement, relations);
  // The row is one of an owner of its own, not of the tenant that the seed calls B.
  const evidence = cell.evidence.map(each => ({
    ...each,
    transcript: each.transcript.replace(/ of tenant B; expected: 0/, ' of another owner; expected: 0'),
  }));
  const blamed = await withBlame(range, table, cell);
  return { kind: 'reached', cell: { ...blamed, evidence } };
}

function none(because: string): WitnessOutcome {
  return { kind: 'none', because };
}

/** A session like one of those that tried, of the user whom the solver found. */
function sessionFor(
  { range, role, signedIn }: WitnessQuestion,
  { answers }: SolverModel,
  values: WitnessValues,
): Session | string {
  const pattern = range.sessions.find(
    session =>
      session.role === role &&
      (session.actor === 'anonymous' ? !signedIn : signedIn && session.actor !== 'member-of-both') &&
      !session.forged,
  );
  if (pattern === undefined) return 'nobody asks so';
  const said = [...answers.keys()].filter(name => /^(setting|claim) /.test(name) && !name.includes(' is null'));
  const [told] = said.filter(name => answers.get(`${name} is null`) !== 'true');
  // What the app's server puts into a session is true of the user; what a request carries may be a secret of the owner's.
  if (told !== undefined) return `it depends on what the session says (${told.replace(/^\w+ /, '')})`;
  return signedIn ? sessionOf(pattern, values.user, 'a user whom the prover made up') : pattern;
}

/** The inserts that Postgres took, constraints satisfied in the columns that no policy reads. */
async function inserted(sql: Sql, { rows, target }: WitnessWorld): Promise<readonly string[] | string> {
  const statements = ['set local session_replication_role = replica'];
  const careful: Sql = {
    query: async (text, parameters) => {
      await sql.query('savepoint witness');
      try {
        const answer = await sql.query(text, parameters);
        await sql.query('release savepoint witness');
        return answer;
      } catch (thrown) {
        await sql.query('rollback to savepoint witness');
        throw thrown;
      }
    },
  };
  await sql.query('begin');
  try {
    await sql.query('set local session_replication_role = replica');
    for (const row of rows) {
      const outcome = await insertRepaired(careful, row.table, row.values, {
        fixed: row.chosen,
        others: () => [],
        seed: `witness ${row.thing}`,
      });
      if (outcome.kind === 'inserted') statements.push(insertOf(row.table, outcome.values));
      // A row with this key is there already, and stands in.
      else if (outcome.sqlstate !== '23505' || row === target)
        return `a row that the solver found could not be made in '${row.table.name}' (${outcome.message})`;
    }
  } finally {
    await sql.query('rollback');
  }
  return [...statements, 'set local session_replication_role = origin'];
}

/** The command on the solver's row; an update as the solver has it, and of the victim's row in a column that no policy reads. */
function statementsFor({ table, command, role, range }: WitnessQuestion, world: WitnessWorld): readonly string[] {
  const { target, before, after } = world;
  const name = quoteQualified(table.name);
  if (command === 'insert') return [insertStatement(table, target.values)];
  const where = keyOf(table, (before ?? target).values);
  if (where === undefined) return [];
  if (command === 'select') return [`select count(*) from ${name} t where ${where}`];
  if (command === 'delete') return [`delete from ${name} t where ${where}`];
  const solved = before === undefined ? changes(target, after) : changes(before, target);
  const owner = ownerOfTable(range.tenancy, table.name);
  const column =
    owner === undefined || before !== undefined ? undefined : changeableColumn(table, owner, range.database, role);
  const plain = column === undefined ? [] : [`${quoteName(column.name)} = ${column.value}`];
  return [plain, solved]
    .filter(set => set.length > 0)
    .map(set => `update ${name} t set ${set.join(', ')} where ${where}`);
}

/** A trigger may make another row of the one that was given: what counts is what stands there in the end. */
function proofOf({ command, table, goal }: WitnessQuestion, { target }: WitnessWorld): Attack['proof'] {
  if (command === 'select') return { kind: 'counts' };
  if (goal.victims !== 'the new row') return { kind: 'touches' };
  const asked = [...target.values]
    .filter(([column]) => target.chosen.has(column) || table.primaryKey.includes(column))
    .filter(([column]) => table.columns.find(({ name }) => name === column)?.type !== 'json')
    .map(([column, value]) => `t.${quoteName(column)} is not distinct from ${value}`);
  const query = `select count(*) from ${quoteQualified(table.name)} t where ${asked.join(' and ')}`;
  return asked.length === 0 ? { kind: 'touches' } : { kind: 'more', query, before: 0 };
}

function changes(from: WitnessRow, to: WitnessRow | undefined): readonly string[] {
  return [...(to?.values ?? [])]
    .filter(([column, value]) => to?.chosen.has(column) === true && from.values.get(column) !== value)
    .map(([column, value]) => `${quoteName(column)} = ${value}`);
}

function keyOf(table: Table, row: LiteralRow): string | undefined {
  if (table.primaryKey.length === 0) return undefined;
  const parts = table.primaryKey.map(column => [column, row.get(column)] as const);
  return parts.some(([, value]) => value === undefined || value === 'null')
    ? undefined
    : parts.map(([column, value]) => `t.${quoteName(column)} = ${value}`).join(' and ');
}

/** Somebody who is in a tenant of his own is its member; somebody in none is a stranger. */
function signedActor(world: WitnessWorld, values: WitnessValues, range: Range, signedIn: boolean): Session['actor'] {
  if (!signedIn) return 'anonymous';
  const members = new Set(range.tenancy.memberships.map(membership => membership.table));
  return world.rows.some(row => members.has(row.table.name) && namesUser(row, values)) ? 'member' : 'stranger';
}

function said(command: RowCommand, { user }: Session): string {
  const who = user === undefined ? 'Somebody who is not signed in' : 'A user whom nothing ties to the owner';
  const deeds = { select: 'read a row', insert: 'added a row', update: 'changed a row', delete: 'deleted a row' };
  return `${who} ${deeds[command]} of another's`;
}

/** What is special about the row: the constants that the policies ask for, and what is absent. */
function telling({ values: row, chosen, table }: WitnessRow, values: WitnessValues): string {
  const parts = table.columns.flatMap(({ name, type }) => {
    const value = row.get(name);
    if (!chosen.has(name) || value === undefined) return [];
    const isConstant = type === 'boolean' || value === 'null' || values.literals.has(value.replace(/^'|'$/g, ''));
    return isConstant ? [`${name} ${value === 'null' ? 'is null' : `= ${value}`}`] : [];
  });
  return parts.length === 0 ? 'whatever stands in it' : `where ${parts.join(' and ')}`;
}
