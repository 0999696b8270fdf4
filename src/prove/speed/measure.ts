import { preRequestCall } from '../../core/pre-request.ts';
import type { Sql } from '../../core/ports.ts';
import type { MeasuredPlan } from '../../core/rules.ts';
import { outOfTime } from '../exploit/attempt.ts';
import { shapeOf, tellingLine } from './plan.ts';

/** Who lists, and what. */
export interface Listing {
  readonly role: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly statement: string;
  /** What takes longer is ended. */
  readonly limitMs: number;
}

/** So often a statement is run that is quick: the median counts. */
const mostRuns = 3;
const longMs = 200;

/** Runs the statement as the role under EXPLAIN ANALYZE, in a transaction that stands open; nothing of it stays. */
export async function measureListing(sql: Sql, listing: Listing): Promise<MeasuredPlan> {
  const runs: { readonly elapsedMs: number; readonly plan: string }[] = [];
  while (runs.length < mostRuns && runs.every(({ elapsedMs }) => elapsedMs < longMs)) {
    const run = await asListener(sql, listing, () => explain(sql, listing.statement));
    if (run === undefined) return planOnly(sql, listing);
    runs.push(run);
  }
  const median = runs.toSorted((left, right) => left.elapsedMs - right.elapsedMs)[Math.floor(runs.length / 2)];
  return median ?? { plan: '' };
}

/** What Postgres would do for the statement as the role, whatever it expects that to cost. */
export async function plannedShape(sql: Sql, listing: Listing): Promise<string> {
  const shape = await asListener(sql, listing, async () => {
    const { rows } = await sql.query(`explain (format json) ${listing.statement}`);
    return shapeOf(rows[0]?.['QUERY PLAN']);
  });
  return shape ?? '';
}

/** What the statement answers as the role: the first column of its first row; undefined where it takes too long. */
export async function answerAs(sql: Sql, listing: Listing): Promise<string | undefined> {
  const answered = await asListener(sql, listing, () => sql.query(listing.statement));
  const [row] = answered?.rows ?? [];
  return row === undefined ? undefined : String(Object.values(row)[0]);
}

/** The plan of what did not end. */
async function planOnly(sql: Sql, listing: Listing): Promise<MeasuredPlan> {
  const plan = await asListener(sql, listing, async () => {
    const { rows } = await sql.query(`explain (format json) ${listing.statement}`);
    return tellingLine(rows[0]?.['QUERY PLAN']);
  });
  return { plan: plan ?? '' };
}

async function explain(sql: Sql, statement: string): Promise<{ readonly elapsedMs: number; readonly plan: string }> {
  const { rows } = await sql.query(`explain (analyze, format json) ${statement}`);
  const answer = rows[0]?.['QUERY PLAN'];
  const whole: unknown = Array.isArray(answer) ? answer[0] : undefined;
  const elapsed = typeof whole === 'object' && whole !== null ? Reflect.get(whole, 'Execution Time') : undefined;
  return { elapsedMs: Number(elapsed ?? 0), plan: tellingLine(answer) };
}

/** Undefined where time ran out; any other error is the caller's to tell. */
async function asListener<T>(sql: Sql, listing: Listing, ask: () => Promise<T>): Promise<T | undefined> {
  await sql.query('savepoint listing');
  try {
    await sql.query(`set local statement_timeout = ${listing.limitMs}`);
    for (const [name, value] of Object.entries(listing.settings))
      await sql.query('select set_config($1, $2, true)', [name, value]);
    await sql.query(`select set_config('role', $1, true)`, [listing.role]);
    const called = preRequestCall(listing.settings);
    if (called !== undefined) await sql.query(`select ${called}`);
    return await ask();
  } catch (thrown) {
    if (typeof thrown === 'object' && thrown !== null && Reflect.get(thrown, 'code') === outOfTime) return undefined;
    throw thrown;
  } finally {
    await sql.query('rollback to savepoint listing');
    await sql.query('release savepoint listing');
  }
}
