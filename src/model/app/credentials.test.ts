import { describe, expect, test } from 'vitest';

import { onlyQuery, show } from './fixtures/inline-app.ts';

const keys = {
  'lib/keys.ts': `
    import { createHash } from 'node:crypto';
    import { eq } from 'drizzle-orm';
    import { pgTable, text } from 'drizzle-orm/pg-core';
    import { db } from './db';
    export const apiKeys = pgTable('api_keys', { id: text('id').primaryKey(), teamId: text('team_id').notNull(), hashedKey: text('hashed_key'), lookupHash: text('lookup_hash'), prefix: text('prefix') });
    const digest = (secret: string) => createHash('sha256').update(secret).digest('hex');
    export async function findKey(key: string) {
      let found;
      if (key.startsWith('v2_')) [found] = await db.select().from(apiKeys).where(eq(apiKeys.lookupHash, digest(key.slice(3))));
      else [found] = await db.select().from(apiKeys).where(eq(apiKeys.hashedKey, digest(key)));
      if (!found) return null;
      return found;
    }
    export async function findByPrefix(key: string) {
      const [found] = await db.select().from(apiKeys).where(eq(apiKeys.prefix, key.slice(0, 8)));
      return found ?? null;
    }`,
  'lib/with-auth.ts': `
    import { auth } from './auth';
    import { findKey } from './keys';
    type Handler = (input: { request: Request; props: any; authentication: any }) => Promise<Response>;
    export const withAuth = (handler: Handler) => async (request: Request, props: any) => {
      const key = request.headers.get('x-api-key');
      const authentication = key ? await asKey(key) : await auth.api.getSession({ headers: request.headers });
      if (!authentication) return new Response(null, { status: 401 });
      return handler({ request, props, authentication });
    };
    async function asKey(key: string) {
      const found = await findKey(key);
      return found ? { keyId: found.id, keyTeam: found.teamId } : null;
    }`,
};

const byKeyTeam = (find: string): string => `
  import { ${find} } from '@/lib/keys';
  export async function GET(request: Request) {
    const key = await ${find}(request.headers.get('x-api-key')!);
    if (!key) return new Response(null, { status: 401 });
    return Response.json(await db.select().from(notes).where(eq(notes.teamId, key.teamId)));
  }`;

describe('keys of an interface', () => {
  test('whoever sends a key that is found by its hash, in either format, is known', () => {
    expect(onlyQuery(byKeyTeam('findKey'), 'notes', keys).principal).toBe('member');
  });

  test('a key that is found by its first letters says nothing about who sends it', () => {
    expect(onlyQuery(byKeyTeam('findByPrefix'), 'notes', keys).principal).toBe('anonymous');
  });

  test('a field that only keys have tells a key from a session', () => {
    const route = (test: string): string => `
      import { withAuth } from '@/lib/with-auth';
      export const GET = withAuth(async ({ authentication }) => {
        if (!(${test})) return new Response(null, { status: 403 });
        return Response.json(await db.select().from(notes).where(eq(notes.teamId, authentication.keyTeam)));
      });`;
    const conditionWith = (test: string): string => show(onlyQuery(route(test), 'notes', keys).query.where);
    // A session has no such field: the filter compares with nothing there, and never with a key's.
    expect(conditionWith(`'keyId' in authentication`)).toContain('api_keys.team_id');
    expect(conditionWith(`'user' in authentication`)).toBe('false');
  });
});
