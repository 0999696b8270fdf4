import { sql } from 'drizzle-orm';
import { db, type Transaction } from './index';

/**
 * Runs queries as the restricted `harbor_app` role, with row security bound to one organization.
 * New features use this instead of `db`.
 */
export async function withOrganization<T>(organizationId: string, run: (tx: Transaction) => Promise<T>): Promise<T> {
  return db.transaction(async tx => {
    await tx.execute(sql`set local role harbor_app`);
    await tx.execute(sql`select set_config('app.organization_id', ${organizationId}, true)`);
    return run(tx);
  });
}

/** Same as `withOrganization`, and also tells the policies who is asking. */
export async function withMember<T>(
  member: { organizationId: string; userId: string },
  run: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return db.transaction(async tx => {
    await tx.execute(sql`set local role harbor_app`);
    await tx.execute(
      sql`select set_config('app.organization_id', ${member.organizationId}, true), set_config('app.user_id', ${member.userId}, true)`,
    );
    return run(tx);
  });
}
