import { betterAuth } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { nextCookies } from 'better-auth/next-js';
import { organization } from 'better-auth/plugins';
import { asc, eq } from 'drizzle-orm';
import { db } from './db';
import * as schema from './db/auth-schema';

const baseURL = process.env.BETTER_AUTH_URL ?? 'http://localhost:3000';

/** The app answers on both loopback names in development. */
function originsFor(url: string): string[] {
  return [url, url.replace('127.0.0.1', 'localhost'), url.replace('localhost', '127.0.0.1')];
}

export const auth = betterAuth({
  appName: 'Harbor',
  baseURL,
  secret: process.env.BETTER_AUTH_SECRET,
  trustedOrigins: originsFor(baseURL),
  database: drizzleAdapter(db, { provider: 'pg', schema }),
  emailAndPassword: { enabled: true, minPasswordLength: 8 },
  user: {
    additionalFields: {
      role: { type: 'string', required: false, defaultValue: 'user', input: false },
    },
  },
  rateLimit: { enabled: process.env.AUTH_RATE_LIMIT === 'on' },
  advanced: { useSecureCookies: baseURL.startsWith('https://') },
  databaseHooks: {
    session: {
      create: {
        before: async session => {
          const [first] = await db
            .select({ organizationId: schema.member.organizationId })
            .from(schema.member)
            .where(eq(schema.member.userId, session.userId))
            .orderBy(asc(schema.member.createdAt))
            .limit(1);
          return { data: { ...session, activeOrganizationId: first?.organizationId ?? null } };
        },
      },
    },
  },
  plugins: [organization({ allowUserToCreateOrganization: true }), nextCookies()],
});
