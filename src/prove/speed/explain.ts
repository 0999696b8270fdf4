import { messageOf } from '../../core/error.ts';
import type { Gap } from '../../core/gap.ts';
import type { Solver, Sql } from '../../core/ports.ts';
import { quoteLiteral, quoteQualified } from '../../core/quote.ts';
import type { FasterForm, MeasuredPlan, PolicySpeed } from '../../core/rules.ts';
import { opensFor } from '../../core/rules.ts';
import { mayUse } from '../../model/database/roles.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import { onePerRole } from '../exploit/range.ts';
import { sessionsOf, type Session } from '../exploit/sessions.ts';
import { compareStates } from './equivalence.ts';
import { forms, type Form } from './forms.ts';
import { answerAs, measureListing, plannedShape, type Listing } from './measure.ts';
import { fillings, type Filling, type VolumeSources } from './volume.ts';
import { isPlatformTable } from '../../model/database/platform.ts';
import { tableNamed } from '../../logic/named.ts';
import { ownerOfTable } from '../../model/tenancy/owner-of.ts';

/** What is measured, and where. */
export interface SpeedSources extends VolumeSources {
  /** A session of the replica as superuser, on the seeded rows. */
  readonly sql: Sql;
  /** Absent where z3 is not installed: then forms are compared on rows only. */
  readonly solver: Solver | undefined;
}

/** So long may one list take, the filling of one table, and everything together. */
const listLimitMs = 3_000;
const fillLimitMs = 60_000;
const wholeLimitMs = 180_000;

/** A list that takes longer is not made once more only to compare what it shows. */
const comparedMs = 1_000;

/** A form is worth its while from here on: what is saved is neither small nor a swing of the measurement. */
const worthwhile = { factor: 1.5, savedMs: 2 };

/**
 * Lists every protected table as a member of tenant A, on made-up volume, as its policies are written and in faster forms that
 * show the same rows. Everything is rolled back.
 */
export async function measurePolicies(
  sources: SpeedSources,
): Promise<{ readonly speeds: readonly PolicySpeed[]; readonly gaps: readonly Gap[] }> {
  const speeds: PolicySpeed[] = [];
  const gaps: Gap[] = [];
  const started = performance.now();
  const sessions = sessionsOf(sources.database, sources.seed);
  for (const { table, session } of listings(sources, sessions)) {
    if (performance.now() - started > wholeLimitMs) {
      gaps.push(notMeasured(table, 'there was no time left'));
      continue;
    }
    try {
      speeds.push(await measureTable(table, session, sessions, sources));
    } catch (thrown) {
      gaps.push(notMeasured(table, messageOf(thrown)));
    }
  }
  return { speeds, gaps };
}

function notMeasured({ name, definedAt }: Table, because: string): Gap {
  return {
    reason: `How long a list of '${name}' takes was not measured: ${because}.`,
    file: definedAt?.file ?? '',
    line: definedAt?.line ?? 0,
    settles: 0,
  };
}

/** Each table with an owner and policies, and a member of tenant A whose role may list it. */
function listings(
  { database, tenancy, seed }: SpeedSources,
  sessions: readonly Session[],
): readonly { readonly table: Table; readonly session: Session }[] {
  const members = onePerRole(sessions.filter(({ actor, forged }) => actor === 'member' && !forged));
  return database.tables.flatMap(table => {
    const kind = ownerOfTable(tenancy, table.name)?.ownership.kind;
    const isOwned = (kind === 'tenant' || kind === 'user') && seed.tenants.A?.rows[table.name] !== undefined;
    const session = members.find(
      ({ role }) =>
        mayUse(role, 'select', table, database) && table.policies.some(policy => opensFor(policy, 'select', [role])),
    );
    const isTheApps = table.rowSecurity && !isPlatformTable(table, database);
    return isTheApps && isOwned && session !== undefined ? [{ table, session }] : [];
  });
}

async function measureTable(
  table: Table,
  session: Session,
  sessions: readonly Session[],
  sources: SpeedSources,
): Promise<PolicySpeed> {
  const { sql, volume } = sources;
  const filled = fillings(table, sources);
  const known = await knownForms(table, sessions, sources);
  await sql.query('begin');
  try {
    await sql.query(`set local statement_timeout = ${fillLimitMs}`);
    // No trigger writes on, and references hold as they were made.
    await sql.query('set local session_replication_role = replica');
    for (const each of filled) await fill(sql, each);
    for (const each of filled) await sql.query(`analyze ${quoteQualified(each.table.name)}`);
    const name = quoteQualified(table.name);
    const { rows } = await sql.query(`select count(*) as count from ${name}`);
    const list: Listing = { ...session, statement: `select * from ${name}`, limitMs: listLimitMs };
    const asWritten = await measureListing(sql, list);
    const best = await improve(sql, list, asWritten, known);
    return {
      table: table.name,
      role: session.role,
      rows: Number(rows[0]?.['count'] ?? 0),
      tenants: volume.tenants,
      visible: Number((await answerAs(sql, { ...list, statement: `select count(*) from ${name}` })) ?? 0),
      asWritten,
      ...(best === undefined ? {} : { faster: best }),
    };
  } finally {
    await sql.query('rollback');
    // Rows that were rolled back are read over until they are swept away.
    for (const each of filled) await sql.query(`vacuum full ${quoteQualified(each.table.name)}`);
  }
}

/**
 * Fills a table with its indexes put aside, and makes them from the rows afterwards: less than half of the time, and what
 * the planner sees is the same. Where rows of the same key come, or parts of the table have indexes of their own, each row
 * goes into the indexes as it comes. https://www.postgresql.org/docs/current/catalog-pg-index.html
 */
async function fill(sql: Sql, { table, statement }: Filling): Promise<void> {
  if (table.kind !== 'table') {
    await sql.query(statement);
    return;
  }
  const name = quoteQualified(table.name);
  const ready = async (is: boolean): Promise<unknown> =>
    sql.query(`update pg_index set indisready = ${is} where indrelid = ${quoteLiteral(name)}::regclass and indislive`);
  await sql.query('savepoint filling');
  try {
    await ready(false);
    await sql.query(statement);
    await ready(true);
    await sql.query(`reindex table ${name}`);
  } catch {
    await sql.query('rollback to savepoint filling');
    await sql.query(statement);
  }
  await sql.query('release savepoint filling');
}

/** A form that is known to show the same rows, and how. */
interface KnownForm {
  readonly form: Form;
  readonly equivalence: FasterForm['equivalence'];
  readonly because: string;
}

/** The forms of a table that hold what they promise, each on top of the one before. */
async function knownForms(
  table: Table,
  sessions: readonly Session[],
  { sql, database, tenancy, solver }: SpeedSources,
): Promise<readonly KnownForm[]> {
  const known: KnownForm[] = [];
  let current: DatabaseModel = database;
  for (const make of forms) {
    const now = tableNamed(current, table.name);
    const form = now === undefined ? undefined : make(now, current, tenancy);
    if (form === undefined) continue;
    const before = known.flatMap(each => each.form.statements);
    const answered = form.rewrites
      ? await sameRows(table, form, before, [current, form.database], sessions, { sql, solver })
      : ({ equivalence: 'unchanged', because: 'An index changes no row that is shown.' } as const);
    if (answered === undefined) continue;
    known.push({ form, ...answered });
    current = form.database;
  }
  return known;
}

/** Shown by the solver where it can, and on the seeded rows for everybody in any case. */
async function sameRows(
  table: Table,
  form: Form,
  before: readonly string[],
  states: readonly [DatabaseModel, DatabaseModel],
  sessions: readonly Session[],
  { sql, solver }: Pick<SpeedSources, 'sql' | 'solver'>,
): Promise<Pick<KnownForm, 'equivalence' | 'because'> | undefined> {
  const [was, is] = [
    await shownToAll(sql, table, sessions, before),
    await shownToAll(sql, table, sessions, [...before, ...form.statements]),
  ];
  if (was === undefined || is === undefined || was !== is) return undefined;
  const askers = new Map(
    sessions.map(({ role, actor }) => {
      const signedIn = actor !== 'anonymous';
      return [`${role} ${signedIn}`, { role, signedIn }] as const;
    }),
  );
  const compared = await compareStates(table.name, states, [...askers.values()], solver);
  switch (compared.kind) {
    case 'different':
      return undefined;
    case 'proved':
      return {
        equivalence: 'proved',
        because: 'Proved: no row, no data and no request for which the policies answer otherwise.',
      };
    case 'open':
      return {
        equivalence: 'tested',
        because: `Tested, not proved (${compared.because}): ${sessions.length} sessions were shown the same of the made-up rows.`,
      };
  }
}

/** Which rows everybody is shown after the statements, which are undone; undefined where one of them fails. */
async function shownToAll(
  sql: Sql,
  table: Table,
  sessions: readonly Session[],
  statements: readonly string[],
): Promise<string | undefined> {
  await sql.query('begin');
  try {
    for (const statement of statements) await sql.query(statement);
    const statement = `select string_agg(ctid::text, ' ' order by ctid) from ${quoteQualified(table.name)}`;
    const shown: string[] = [];
    for (const session of sessions) {
      const answer = await answerAs(sql, { ...session, statement, limitMs: listLimitMs }).catch(messageOf);
      if (answer === undefined) return undefined;
      shown.push(answer);
    }
    return shown.join('\n');
  } catch {
    return undefined; // a statement that does not run is no form to propose
  } finally {
    await sql.query('rollback');
  }
}

/** Keeps of the forms those that make the list faster, one on top of the other. */
async function improve(
  sql: Sql,
  list: Listing,
  asWritten: MeasuredPlan,
  known: readonly KnownForm[],
): Promise<FasterForm | undefined> {
  let best: MeasuredPlan = asWritten;
  let bestShape = await plannedShape(sql, list);
  const kept: KnownForm[] = [];
  for (const each of known) {
    const shown = { ...list, statement: list.statement.replace('*', "count(*) || ' ' || sum(hashtext(ctid::text))") };
    const before = (best.elapsedMs ?? listLimitMs) > comparedMs ? undefined : await answerAs(sql, shown);
    await sql.query('savepoint form');
    for (const statement of each.form.statements) await sql.query(statement);
    const shape = await plannedShape(sql, list);
    // What Postgres does no otherwise, as it leaves the index aside, takes as long as before.
    const measured = shape === bestShape ? undefined : await measureListing(sql, list);
    const isSame =
      measured !== undefined &&
      isWorthwhile(best, measured) &&
      (before === undefined || (await answerAs(sql, shown)) === before);
    if (isSame) {
      kept.push(each);
      best = measured;
      bestShape = shape;
    } else await sql.query('rollback to savepoint form');
    await sql.query('release savepoint form');
  }
  const last = kept.at(-1);
  if (last === undefined) return undefined;
  // A condition that is kept was written from those before it, and means the same only if all of them do.
  const relied = known
    .slice(0, known.indexOf(last) + 1)
    .filter(each => each.form.rewrites && kept.some(other => other.form.rewrites));
  const weakest =
    relied.find(each => each.equivalence === 'tested') ?? relied.find(each => each.equivalence === 'proved') ?? last;
  return {
    ...best,
    statements: withoutOverwritten(kept.flatMap(each => each.form.statements)),
    equivalence: weakest.equivalence,
    because: weakest.because,
  };
}

/** Of two statements that write the same policy, the later. */
function withoutOverwritten(statements: readonly string[]): readonly string[] {
  const head = (statement: string): string => statement.split('\n')[0] ?? '';
  return statements.filter(
    (statement, index) =>
      !statement.startsWith('alter policy ') ||
      !statements.slice(index + 1).some(later => head(later) === head(statement)),
  );
}

function isWorthwhile({ elapsedMs: before = listLimitMs }: MeasuredPlan, { elapsedMs: after }: MeasuredPlan): boolean {
  return after !== undefined && before >= after * worthwhile.factor && before - after >= worthwhile.savedMs;
}
