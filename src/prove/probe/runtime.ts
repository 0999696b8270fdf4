import { tablesOfPeople } from '../../model/tenancy/people.ts';
import type { Attack } from '../../core/result.ts';
import { scriptWith } from './bundle.ts';
import { judgeRun, type Judgement, type Run } from './judge.ts';
import { restoreClean, type Lab } from './lab.ts';
import { asReplay, type Preparation, type Replay } from './replay.ts';
import { sendStep, type Exchange } from './send.ts';
import {
  diffSnapshots,
  quotedName,
  quoteIdentifier,
  restore,
  takeSnapshot,
  tenantOfRow,
  tryStatement,
  type Change,
} from './state.ts';

/** Sends every step of a replay in order and puts the database back afterwards. */
export async function sendReplay(given: Lab, replay: Replay): Promise<Run | { readonly unsent: string }> {
  const lab = await prepared(given, replay.prepare ?? []);
  const heard = lab.outgoing.length;
  const exchanges: Exchange[] = [];
  try {
    const independent = replay.expect.kind === 'independent';
    let beforeLast = lab.clean;
    for (const [index, step] of replay.steps.entries()) {
      const last = index === replay.steps.length - 1;
      if (last && independent) await takeAwayOthers(lab);
      // What an earlier step changed is its own principal's doing.
      if (last && index > 0 && !independent) beforeLast = await takeSnapshot(lab.sql, lab.database);
      const exchange = await sendStep(lab, step);
      if ('unsent' in exchange) {
        await restoreClean(given);
        return exchange;
      }
      exchanges.push(exchange);
    }
    const [first, ...rest] = exchanges;
    if (first === undefined) return { unsent: 'the replay has no step' };
    const after = await takeSnapshot(lab.sql, lab.database);
    await restore(given.sql, given.database, diffSnapshots(given.clean, after));
    return {
      exchanges: [first, ...rest],
      changes: independent ? [] : diffSnapshots(lab.clean, after),
      after,
      lastChanges: independent ? [] : diffSnapshots(beforeLast, after),
      outgoing: lab.outgoing.slice(heard),
    };
  } catch (thrown) {
    await restoreClean(given);
    throw thrown;
  }
}

/** The lab with rows that hold what the request asks for; its clean state is the prepared one. */
async function prepared(lab: Lab, preparations: readonly Preparation[]): Promise<Lab> {
  if (preparations.length === 0) return lab;
  for (const { table: name, column, value } of preparations) {
    const table = lab.database.tables.find(candidate => candidate.name === name);
    if (table !== undefined)
      await tryStatement(
        lab.sql,
        `update ${quotedName(table)} set ${quoteIdentifier(column)} = ${value === null ? 'null' : `'${value.replaceAll("'", "''")}'`}`,
      );
  }
  return { ...lab, clean: await takeSnapshot(lab.sql, lab.database) };
}

/** Deletes every row that B and C own, but neither tenants, users nor memberships: only their content goes. */
async function takeAwayOthers(lab: Lab): Promise<void> {
  const kept = new Set(tablesOfPeople(lab.tenancy));
  const world = { tenancy: lab.tenancy, seed: lab.seed, snapshot: lab.clean };
  const foreign: Change[] = [...lab.clean].flatMap(([table, rows]) =>
    kept.has(table) || isSessionTable(lab, table)
      ? []
      : [...rows.values()].flatMap((row): Change[] => {
          const owner = tenantOfRow(table, row, world);
          return owner === 'B' || owner === 'C'
            ? [{ table, kind: 'inserted', before: undefined, after: row, columns: [] }]
            : [];
        }),
  );
  await restore(lab.sql, lab.database, foreign);
}

function isSessionTable(lab: Lab, table: string): boolean {
  const found = lab.database.tables.find(candidate => candidate.name === table);
  return (
    found?.columns.some(column => /^expires_?at$/i.test(column.name)) === true &&
    found.columns.some(column => /token/i.test(column.name))
  );
}

/** Sends a replay and decides what it shows. */
export async function judgeReplay(lab: Lab, replay: Replay): Promise<Judgement | { readonly unsent: string }> {
  if (replay.expect.kind === 'bundle') return judgeBundle(lab, replay.expect.variable);
  const run = await sendReplay(lab, replay);
  return 'unsent' in run ? run : judgeRun(lab, replay, run);
}

function judgeBundle(lab: Lab, variable: string): Judgement {
  const value = lab.environment[variable];
  const file = value === undefined ? undefined : scriptWith(lab.appRoot, value);
  if (file === undefined) return { leaked: false, observed: `no script holds the value of '${variable}'` };
  return {
    leaked: true,
    oracle: 'foreign-canary',
    observed: `The script /_next/static/${file} holds the value of '${variable}'.`,
  };
}

/** An attack that was tried again, on another build. */
export interface Replayed {
  readonly attackId: string;
  readonly outcome: 'leaked' | 'held' | 'not-reachable';
  readonly observed: string;
}

/** Repeats attacks one after the other. */
export async function replayAttacks(lab: Lab, attacks: readonly Attack[]): Promise<readonly Replayed[]> {
  const replayed: Replayed[] = [];
  for (const attack of attacks) {
    const replay = asReplay(attack.replay);
    const judged = replay === undefined ? { unsent: 'the attack carries no replay' } : await judgeReplay(lab, replay);
    if ('unsent' in judged) replayed.push({ attackId: attack.id, outcome: 'not-reachable', observed: judged.unsent });
    else replayed.push({ attackId: attack.id, outcome: judged.leaked ? 'leaked' : 'held', observed: judged.observed });
  }
  return replayed;
}
