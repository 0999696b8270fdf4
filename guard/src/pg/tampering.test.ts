import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTenants, taking } from '../testing/guarded.ts';
import type { Tenants } from '../testing/guarded.ts';
import { tamperingTexts } from '../testing/tampering.ts';
import { statementJudge } from './statements.ts';

let tenants: Tenants;
beforeAll(async () => {
  tenants = await startTenants();
});
afterAll(() => tenants.postgres.stop());

const judge = statementJudge({ tenant: 'app.tenant_id', user: 'app.user_id' });
const seen = "select current_setting('app.tenant_id', true) as seen";

/** Whether a text sets the tenant, asked of Postgres itself on a connection without the guard. */
async function sets(client: pg.PoolClient, text: string): Promise<boolean> {
  await client.query('rollback; reset app.tenant_id');
  try {
    const answer: unknown = await client.query(`${text}\n;\n${seen}`);
    return JSON.stringify(answer).includes('evil');
  } catch {
    return false;
  }
}

test('what sets the tenant in Postgres is seen before it is sent, however it is hidden', async () => {
  const app = tenants.postgres.pool({ user: 'app' });
  const next = tamperingTexts(Number(process.env['DRYDOCK_SEED'] ?? 1));
  const missed: string[] = [];
  let count = 0;
  await taking(app, async client => {
    for (let tried = 0; tried < 4_000; tried += 1) {
      const text = next();
      // oxlint-disable-next-line no-await-in-loop -- one connection, one text after the other
      if (!(await sets(client, text))) continue;
      count += 1;
      if (judge(text).kind !== 'tampering') missed.push(text);
    }
  });
  expect(missed).toEqual([]);
  expect(count).toBeGreaterThan(1_000);
});
