import { DrydockError } from '../../../core/error.ts';
import type { Table } from '../../../model/database/types.ts';
import type { SeededUser } from '../../exploit/seed-types.ts';
import type { Principal } from '../principals.ts';
import {
  diffSnapshots,
  insertRows,
  quotedName,
  quoteIdentifier,
  restore,
  takeSnapshot,
  type StoredRow,
} from '../state.ts';
import { sqlName } from '../../../logic/closure.ts';
import type { RawAnswer } from '../views.ts';
import type { SignInAdapter, SignInContext } from './adapter.ts';

/** What every made-up user signs in with. */
export const password = 'correct-horse-battery-9';

/** better-auth with e-mail and password, and its organization plugin where the app has it. */
export const betterAuth: SignInAdapter = {
  library: 'better-auth',
  async prepare(context, users) {
    const mount = await findMount(context);
    if (mount === undefined) return undefined;
    const credential = await makeCredential(context, mount);
    for (const user of users) await giveCredential(context, credential, user);
    return (principal, user, tenantId) => signIn({ context, mount, principal, user, tenantId });
  },
};

/** A catch-all route whose sign-in endpoint answers a wrong password with anything but 404. */
async function findMount(context: SignInContext): Promise<string | undefined> {
  const candidates = context.routes
    .filter(route => /\/\[\[?\.\.\.[^\]]+\]\]?$/.test(route))
    .map(route => route.replace(/\/\[\[?\.\.\.[^\]]+\]\]?$/, ''));
  for (const candidate of candidates) {
    const answer = await post(context, context.anonymous, `${candidate}/sign-in/email`, {
      email: 'nobody@drydock.invalid',
      password,
    });
    if (answer.status !== 404 && answer.status !== 405) return candidate;
  }
  return undefined;
}

/** The row that the app itself stores for a password, with the table that holds it. */
interface Credential {
  readonly table: Table;
  readonly row: StoredRow;
  readonly userColumn: string;
}

/** Signs up somebody for a moment and keeps the stored credential: the hash is made by the app, as it is configured. */
async function makeCredential(context: SignInContext, mount: string): Promise<Credential> {
  const before = await takeSnapshot(context.sql, context.database);
  const answer = await post(context, context.anonymous, `${mount}/sign-up/email`, {
    name: 'Drydock Probe',
    email: 'signup@drydock.example',
    password,
  });
  const changes = diffSnapshots(before, await takeSnapshot(context.sql, context.database));
  await restore(context.sql, context.database, changes);
  const principal = context.tenancy.principal?.table;
  const user = changes.find(change => change.table === principal && change.kind === 'inserted')?.after;
  const userId = user === undefined ? undefined : user[context.tenancy.principal?.key ?? 'id'];
  const stored = changes.find(
    change =>
      change.kind === 'inserted' &&
      change.after !== undefined &&
      hasPassword(change.after) &&
      Object.values(change.after).includes(userId),
  );
  const table = context.database.tables.find(candidate => sqlName(candidate) === stored?.table);
  const userColumn = Object.entries(stored?.after ?? {}).find(
    ([column, value]) => value === userId && /user/i.test(column),
  )?.[0];
  if (stored?.after === undefined || table === undefined || userColumn === undefined) {
    throw new DrydockError(
      'sign-in-failed',
      `Could not sign up a test user: POST ${mount}/sign-up/email answered ${answer.status} ${textOf(answer).slice(0, 120)}`,
      {
        next: 'Allow sign-up with e-mail and password in the app that is probed.',
      },
    );
  }
  return { table, row: stored.after, userColumn };
}

function hasPassword(row: StoredRow): boolean {
  return Object.entries(row).some(([column, value]) => /password/i.test(column) && typeof value === 'string');
}

async function giveCredential(context: SignInContext, credential: Credential, user: SeededUser): Promise<void> {
  const { table, row, userColumn } = credential;
  await context.sql.query(`delete from ${quotedName(table)} where ${quoteIdentifier(userColumn)}::text = $1`, [
    user.id,
  ]);
  const owner = row[userColumn];
  const replaced = Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value === owner
        ? user.id
        : table.primaryKey.includes(column)
          ? `${String(value)}-${user.id}`.slice(0, 60)
          : value,
    ]),
  );
  await insertRows(context.sql, table, [replaced]);
  await confirmEmail(context, user);
}

/** The library compares e-mails in lower case, and may ask for a confirmed one. */
async function confirmEmail(context: SignInContext, user: SeededUser): Promise<void> {
  const table = context.database.tables.find(candidate => sqlName(candidate) === context.tenancy.principal?.table);
  if (table === undefined) return;
  const key = quoteIdentifier(context.tenancy.principal?.key ?? 'id');
  for (const column of table.columns) {
    if (/^email_?verified/i.test(column.name)) {
      const value = column.type === 'boolean' ? 'true' : 'now()';
      await context.sql.query(
        `update ${quotedName(table)} set ${quoteIdentifier(column.name)} = ${value} where ${key}::text = $1`,
        [user.id],
      );
    }
    if (/^banned$/i.test(column.name) && column.type === 'boolean') {
      await context.sql.query(
        `update ${quotedName(table)} set ${quoteIdentifier(column.name)} = false where ${key}::text = $1`,
        [user.id],
      );
    }
  }
}

async function signIn(request: {
  readonly context: SignInContext;
  readonly mount: string;
  readonly principal: Principal;
  readonly user: SeededUser;
  readonly tenantId: string | undefined;
}): Promise<void> {
  const { context, mount, principal, user, tenantId } = request;
  const answer = await post(context, principal, `${mount}/sign-in/email`, { email: user.email, password });
  if (answer.status >= 400) {
    throw new DrydockError(
      'sign-in-failed',
      `Could not sign in a test user: POST ${mount}/sign-in/email answered ${answer.status} ${textOf(answer).slice(0, 160)}`,
    );
  }
  if (tenantId === undefined) return;
  // Apps without the organization plugin answer 404: their session needs no active tenant.
  await post(context, principal, `${mount}/organization/set-active`, { organizationId: tenantId });
}

function post(context: SignInContext, principal: Principal, path: string, body: unknown): Promise<RawAnswer> {
  return principal.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', origin: context.baseUrl },
    body: JSON.stringify(body),
  });
}

function textOf(answer: RawAnswer): string {
  return Buffer.from(answer.body).toString('utf8');
}
