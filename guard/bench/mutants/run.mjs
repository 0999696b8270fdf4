// Runs the twin with each predicate away in turn: `node run.mjs <folder> <database> [every] [only]`, answers in JSON.
import { register } from 'node:module';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import pg from 'pg';
import { callsOf } from './calls.mjs';
import { organization, reseed, state, users } from './seed.mjs';

const [, , twin, database, every = '1', only = ''] = process.argv;
const mutants = [];
const { port1, port2 } = new MessageChannel();
port1.on('message', found => mutants.push(...found));
port1.unref();
register('./loader.mjs', import.meta.url, { data: { twin, port: port2 }, transferList: [port2] });

const require = createRequire(join(twin, 'package.json'));
const { sql } = await import(require.resolve('drizzle-orm'));
const { NextRequest } = require('next/server');

let active;
let seen = new Set();
globalThis.__always = sql`true`;
globalThis.__mutant = (id, work, neutral) => {
  seen.add(id);
  return id === active ? neutral : work();
};
globalThis.__session = {
  user: { id: users.A, name: 'Ann', email: 'ann@zqA.example', role: 'user' },
  session: { activeOrganizationId: organization.A, userId: users.A, expiresAt: new Date('2100-01-01') },
};
// What an app keeps for minutes in its memory must not answer for the next run.
const now = Date.now.bind(Date);
let later = 0;
Date.now = () => now() + later;
Reflect.set(console, 'error', () => {});

const owner = new pg.Client({ connectionString: database });
await owner.connect();
await reseed(owner);
const clean = await state(owner);
const calls = await callsOf(twin, NextRequest, new RegExp(only));

const results = new Map();
for (const call of calls) {
  active = undefined;
  const usual = await attempt(call);
  const reached = [...seen];
  for (const id of reached.filter(each => each % Number(every) === 0)) {
    active = id;
    const changed = await attempt(call);
    const leak = leakOf(usual, changed) ?? (await differenceOf(call, usual, changed));
    const known = results.get(id) ?? { tries: 0, leaks: [], already: 0 };
    known.tries += 1;
    if (usual.foreign) known.already += 1;
    else if (leak !== undefined) known.leaks.push(`${call.name}: ${leak}`);
    results.set(id, known);
  }
}
await owner.end();
process.stdout.write(JSON.stringify({ mutants, calls: calls.length, results: [...results] }));
process.exit(0);

async function attempt(call) {
  seen = new Set();
  later += 3_600_000;
  const answer = await call.run().then(
    given => given,
    error => ({ ok: false, text: `${error.name}: ${error.message} ${error.cause?.message ?? ''}` }),
  );
  const after = await state(owner);
  if (after.everything !== clean.everything) await reseed(owner);
  const foreignState = after.foreignRows !== clean.foreignRows;
  const foreign = foreignState || (answer.ok && /zqB|777000777/.test(plain(answer.text)));
  return { ...answer, foreign, foreignState };
}

/** An answer that is another one is told by B's rows only if it is yet another one without them: a sum, a count, a name. */
async function differenceOf(call, usual, changed) {
  if (!usual.ok || !changed.ok || plain(usual.text) === plain(changed.text)) return undefined;
  await owner.query(`delete from organization where id = '${organization.B}'`);
  const alone = await attempt(call);
  await reseed(owner);
  return plain(alone.text) === plain(changed.text) ? undefined : "the answer depends on B's rows";
}

/** A mark of B in the answer, or a row of B's that changed. */
function leakOf(usual, changed) {
  if (changed.foreignState) return "a row of B's changed";
  if (changed.foreign) return "a value of B's is in the answer";
  return undefined;
}

function plain(text) {
  return text
    .replaceAll(/(?!00000000)[0-9a-f]{8}-[0-9a-f-]{27}/g, '#')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '#')
    .replaceAll(/hk_[\w-]+/g, '#');
}
