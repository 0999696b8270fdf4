import { describe, expect, test } from 'vitest';
import { openSources } from '../source/source-set.ts';
import { openApp } from './app.ts';
import { authLibrary } from './auth-library.ts';
import { appFiles } from './files.ts';

interface Guarded {
  readonly notes: readonly string[];
  readonly text: (file: string) => string | undefined;
  readonly isGuarded: boolean;
}

/** The guard written into an app. */
function guarded(
  files: Readonly<Record<string, string>>,
  dependencies = '"pg": "^8.23.1"',
  types = { tenant: 'uuid', user: 'text' },
  authRole = true,
): Guarded {
  const all: Readonly<Record<string, string>> = { 'package.json': `{ "dependencies": { ${dependencies} } }`, ...files };
  const texts = { files: Object.keys(all), read: (file: string) => all[file] };
  const app = openApp(texts, openSources(texts), 'lib/guard.ts');
  const { changes, notes, isGuarded } = appFiles({
    app,
    library: authLibrary(app, 'team_id'),
    membership: { table: 'memberships', user: 'user_id', tenant: 'team_id', role: 'role' },
    types,
    authRole,
  });
  return { notes, isGuarded, text: file => changes.find(change => change.file === file)?.after };
}

describe('Prisma', () => {
  test.each([
    ['{ connectionString: process.env.DATABASE_URL }', 'openPool({ connectionString: process.env.DATABASE_URL })'],
    ['process.env.DATABASE_URL!', 'openPool({ connectionString: process.env.DATABASE_URL! })'],
    ['connectionString', 'openPool({ connectionString: connectionString })'],
  ])('the adapter of Prisma 7 gets the guarded pool for %s', (given, expected) => {
    const { text } = guarded({
      'lib/prisma.ts': `import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';

const connectionString = \`\${process.env.DATABASE_URL}\`;
const adapter = new PrismaPg(${given});
export const prisma = new PrismaClient({ adapter });
`,
    });
    expect(text('lib/prisma.ts')).toContain(`new PrismaPg(${expected})`);
    expect(text('lib/prisma.ts')).toContain("import { openPool } from './guard';");
    expect(text('lib/prisma.ts')).toContain('prisma = guardPrisma(new PrismaClient({ adapter }));');
    expect(text('lib/prisma.ts')).toContain("import { guardPrisma } from '@drydock/guard/prisma';");
  });

  test('a client of another adapter is left as it is, and a class of the app is named', () => {
    const other =
      "import { PrismaNeon } from '@prisma/adapter-neon';\nnew PrismaClient({ adapter: new PrismaNeon({}) });\n";
    expect(guarded({ 'lib/prisma.ts': other }).text('lib/prisma.ts')).toBeUndefined();
    const { notes } = guarded({
      'lib/prisma.ts': `import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client';
class Prisma extends PrismaClient { constructor() { super({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) }); } }
export const prisma = new Prisma();
`,
    });
    expect(notes.join('\n')).toContain(
      'lib/prisma.ts:3: write guardPrisma(this) of @drydock/guard/prisma into its constructor.',
    );
  });

  test('a client of Prisma 6.16 or newer gets an adapter, and loses the address beside it', () => {
    const before = `import { PrismaClient } from '@prisma/client';

const make = () => new PrismaClient({ log: ['error'], datasourceUrl: env.DATABASE_URL });
export const prisma = globalThis.prisma ?? make();
`;
    const { text, notes } = guarded({ 'lib/prisma.ts': before }, '"@prisma/client": "6.19.0"');
    expect(text('lib/prisma.ts')).toContain(
      "guardPrisma(new PrismaClient({ log: ['error'], adapter: new PrismaPg(openPool({ connectionString: env.DATABASE_URL })) }))",
    );
    expect(text('lib/prisma.ts')).toContain("import { PrismaPg } from '@prisma/adapter-pg';");
    expect(text('package.json')).toContain('"@prisma/adapter-pg": "6.19.0"');
    expect(notes.join('\n')).toContain('connection_limit');
    expect(guarded({ 'lib/prisma.ts': before.replace(/\(\{ log.*?\}\)/, '()') }).text('lib/prisma.ts')).toContain(
      'guardPrisma(new PrismaClient({ adapter: new PrismaPg(openPool({ connectionString: process.env.DATABASE_URL })) }))',
    );
  });

  test('the address is the one that the schema names', () => {
    const { text, notes } = guarded(
      {
        'lib/prisma.ts': "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
        'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("POSTGRES_PRISMA_URL")\n}\n',
      },
      '"@prisma/client": "6.19.0"',
    );
    expect(text('lib/prisma.ts')).toContain('openPool({ connectionString: process.env.POSTGRES_PRISMA_URL })');
    expect(notes.join('\n')).toContain('point POSTGRES_PRISMA_URL at app');
  });

  test('an older client of Prisma 6 is taken to the version that has adapters', () => {
    const file = "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n";
    const { text, notes } = guarded({ 'lib/prisma.ts': file }, '"@prisma/client": "6.10.0", "prisma": "6.10.0"');
    expect(text('lib/prisma.ts')).toContain('new PrismaPg(openPool(');
    expect(text('package.json')).toContain('"@prisma/adapter-pg": "^6.16.0"');
    expect(text('package.json')).toContain('"prisma": "^6.16.0"');
    expect(notes.join('\n')).toContain('Prisma goes from 6.10.0 to ^6.16.0');
  });

  test('an older one is left as it is, with the steps', () => {
    const file = "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n";
    const { text, notes } = guarded({ 'lib/prisma.ts': file }, '"@prisma/client": "^5.22.0"');
    expect(text('lib/prisma.ts')).toBeUndefined();
    expect(notes.join('\n')).toContain('lib/prisma.ts:2 makes a client of Prisma ^5.22.0');
    expect(notes.join('\n')).toContain('npm install prisma@^6.16');
  });
});

describe('Clerk, whose ids are text', () => {
  const app = {
    'lib/db.ts':
      "import { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
    'app/api/notes/route.ts':
      "import { auth } from '@clerk/nextjs/server';\nimport { pool } from '../../../lib/db';\nexport const GET = async () => Response.json([await auth(), await pool.query('select 1')]);\n",
  };

  test('names the tenant where the table of members keeps its ids', () => {
    const { text, notes } = guarded(app, undefined, { tenant: 'text', user: 'text' });
    expect(text('lib/guard.ts')).toContain('const { tenant } = who;');
    expect(text('lib/guard-next.ts')).toContain('tenantFromSession()');
    expect(notes.join('\n')).not.toContain('Clerk names');
  });

  test('names none where the table keeps ids of the app’s own, which every query would be refused for', () => {
    const { text, notes } = guarded(app, undefined, { tenant: 'uuid', user: 'uuid' });
    expect(text('lib/guard.ts')).toContain('await onlyTenant(pool, who.user)');
    expect(text('lib/guard-next.ts')).toContain("tenantFromParam('team')");
    expect(notes.join('\n')).toContain("'memberships.user_id' is uuid: look the app's own id up");
    expect(notes.join('\n')).toContain("'memberships.team_id' is uuid: a user's only tenant is taken");
  });
});

describe('the auth library', () => {
  const db = `import { drizzle } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import * as schema from './schema';

export const db = drizzle(new Pool({ connectionString: process.env.DATABASE_URL }), { schema, casing: 'snake_case' });
`;

  test('better-auth on the database of the app gets one of its own, also in its hooks', () => {
    const { text } = guarded({
      'lib/db.ts': db,
      'lib/auth.ts': `import { betterAuth } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { db } from './db';

export const auth = betterAuth({
  database: drizzleAdapter(db, { provider: 'pg' }),
  databaseHooks: { user: { create: { after: async user => db.insert(log).values({ user: user.id }) } } },
});
`,
    });
    expect(text('lib/auth.ts')).toBe(`import { betterAuth } from 'better-auth';
import { drizzleAdapter } from 'better-auth/adapters/drizzle';
import { authDb } from './auth-db';

export const auth = betterAuth({
  database: drizzleAdapter(authDb, { provider: 'pg' }),
  databaseHooks: { user: { create: { after: async user => authDb.insert(log).values({ user: user.id }) } } },
});
`);
    expect(text('lib/auth-db.ts')).toContain(
      "export const authDb = drizzle(rolePool(process.env.AUTH_DATABASE_URL, 5), { schema, casing: 'snake_case' });",
    );
    expect(text('lib/auth-db.ts')).toContain("import * as schema from './schema';");
    expect(text('lib/db.ts')).toContain('drizzle(openPool({ connectionString: process.env.DATABASE_URL })');
    expect(text('lib/guard.ts')).toContain('return fromBetterAuth(auth)(request);');
  });

  test('a pool that is its own already only changes its role', () => {
    const { text } = guarded({
      'lib/db.ts': db,
      'lib/auth.ts': `import { betterAuth } from 'better-auth';
import { Pool } from 'pg';

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
export const auth = betterAuth({ database: pool });
`,
    });
    expect(text('lib/auth.ts')).toContain('new Pool({ connectionString: process.env.AUTH_DATABASE_URL })');
    expect(text('lib/auth-db.ts')).toBeUndefined();
  });

  test('a helper that it calls before anybody is signed in is named', () => {
    const { notes } = guarded({
      'lib/db.ts': db,
      'lib/users.ts':
        "import { db } from './db';\nexport async function findUser(email: string) {\n  return db.query.users.findFirst();\n}\n",
      'auth.ts': `import NextAuth from 'next-auth';
import Credentials from 'next-auth/providers/credentials';
import { findUser } from './lib/users';

export const { handlers, auth } = NextAuth({
  providers: [Credentials({ authorize: async ({ email }) => findUser(email) })],
});
`,
    });
    expect(notes.join('\n')).toContain("auth.ts:6: 'findUser' asks the app's database before anybody is signed in");
    expect(notes.join('\n')).toContain("'auth.ts' puts no id of the user into the session");
  });
});

describe('Drizzle with a connection of its own', () => {
  const schema = "import * as schema from './schema';\n";

  test.each([
    [
      'node-postgres',
      'drizzle(process.env.DB_URL!, { schema })',
      'drizzle({ client: openPool({ connectionString: process.env.DB_URL! }), schema })',
    ],
    [
      'node-postgres',
      "drizzle(env.DB_URL ?? '', { schema })",
      "drizzle({ client: openPool({ connectionString: env.DB_URL ?? '' }), schema })",
    ],
    [
      'node-postgres',
      'drizzle({ connection: { connectionString: process.env.DB_URL, ssl: true }, schema })',
      'drizzle({ client: openPool({ connectionString: process.env.DB_URL, ssl: true }), schema })',
    ],
    [
      'neon-http',
      'drizzle(process.env.DB_URL!, { schema })',
      'drizzle({ client: openPool({ connectionString: process.env.DB_URL! }), schema })',
    ],
    [
      'neon-http',
      'drizzle({ client: neon(process.env.DB_URL!), schema })',
      'drizzle({ client: openPool({ connectionString: process.env.DB_URL! }), schema })',
    ],
    [
      'neon-serverless',
      'drizzle(new Pool({ connectionString: process.env.DB_URL }), { schema })',
      'drizzle(openPool({ connectionString: process.env.DB_URL }), { schema })',
    ],
  ])('of %s gets the guarded pool: %s', (driver, before, after) => {
    const name = before.includes('neon(') ? 'neon' : 'Pool';
    const library = before.includes(`${name}(`) ? `import { ${name} } from '@neondatabase/serverless';\n` : '';
    const { text, notes } = guarded(
      {
        'lib/db.ts': `import { drizzle } from 'drizzle-orm/${driver}';\n${library}${schema}\nexport default ${before};\n`,
      },
      '"@neondatabase/serverless": "^1.0.0"',
    );
    expect(text('lib/db.ts')).toContain(`export default ${after};`);
    expect(text('lib/db.ts')).toContain("from 'drizzle-orm/node-postgres';");
    expect(text('lib/db.ts')).not.toContain('neon');
    expect(text('package.json')).not.toContain('neondatabase');
    expect(notes.join('\n')).toContain('point DB_URL at app');
    expect(notes.join('\n')).not.toContain('does not go through');
  });

  test('stays on its driver where the app speaks its protocol, or asks for batches', () => {
    const tagged = guarded({
      'lib/db.ts': `import { neon } from '@neondatabase/serverless';
import { drizzle } from 'drizzle-orm/neon-http';
export const sql = neon(process.env.DATABASE_URL!);
export const db = drizzle(sql);
`,
      'app/page.tsx': "import { sql } from '../lib/db';\nexport default async () => (await sql`select 1`).length;\n",
    });
    expect(tagged.text('lib/db.ts')).toBeUndefined();
    expect(tagged.isGuarded).toBe(false);
    expect(tagged.notes.join('\n')).toContain("'lib/db.ts' uses @neondatabase/serverless");
    const batched = guarded({
      'lib/db.ts':
        "import { drizzle } from 'drizzle-orm/neon-http';\nexport const db = drizzle(process.env.DATABASE_URL!);\n",
      'app/page.tsx': "import { db } from '../lib/db';\nexport default () => db.batch([db.select().from(note)]);\n",
    });
    expect(batched.text('lib/db.ts')).toBeUndefined();
    expect(batched.notes.join('\n')).toContain('app/page.tsx:2 calls batch()');
  });
});

describe('what runs', () => {
  test('is what a route imports: a script beside it keeps its connection, and is to be run as the owner', () => {
    const pool =
      "import { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.POSTGRES_URL });\n";
    const { text, notes } = guarded({
      'server/tests/db.ts': pool,
      'app/api/notes/route.ts':
        "import { pool } from '../../../server/tests/db';\nexport const GET = () => pool.query('select 1');\n",
      'check-db.ts': pool,
    });
    expect(text('server/tests/db.ts')).toContain('openPool(');
    expect(text('check-db.ts')).toBeUndefined();
    expect(notes.join('\n')).toContain('check-db.ts reads POSTGRES_URL, and must get OWNER_DATABASE_URL there');
  });
});

test('where a name of the app leads nowhere that can be followed, what is behind it is still taken', () => {
  const { text } = guarded({
    'lib/db.ts':
      "import { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
    'app/api/notes/route.ts': "import { pool } from '~lib/db';\nexport const GET = () => pool.query('select 1');\n",
  });
  expect(text('lib/db.ts')).toContain('openPool(');
});

describe('a session of the app itself', () => {
  const session = `import { jwtVerify } from 'jose';
import { cookies } from 'next/headers';

type SessionData = { user: { id: number }; expires: string };

async function verifyToken(input: string) {
  const { payload } = await jwtVerify(input, key);
  return payload as SessionData;
}

export async function getSession() {
  const cookie = (await cookies()).get('session')?.value;
  return cookie ? verifyToken(cookie) : null;
}
`;
  const app = (text: string): Readonly<Record<string, string>> => ({
    'lib/db.ts':
      "import { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
    'lib/session.ts': text,
    'app/page.tsx':
      "import { pool } from '../lib/db';\nimport { getSession } from '../lib/session';\nexport default async () => (await getSession()) && pool.query('select 1');\n",
  });

  test('says who is asking where it was verified, and the tenant is looked up', () => {
    const { text } = guarded(app(session));
    expect(text('lib/guard.ts')).toContain('return found ? { user: found.user.id } : undefined;');
    expect(text('lib/guard.ts')).toContain("'select team_id as tenant from memberships where user_id = $1 limit 2'");
    expect(text('lib/guard-next.ts')).toContain("import { session } from './guard';");
    expect(
      guarded(app(session.replace('user: { id: number }', 'userId: string; teamId: string'))).text('lib/guard.ts'),
    ).toContain('{ user: found.userId, tenant: found.teamId }');
  });

  test.each([
    ['nothing verifies it', session.replace('await jwtVerify(input, key)', 'JSON.parse(atob(input))')],
    [
      'it lies in the database',
      session
        .replace('return cookie ?', "await pool.query('select 1');\n  return cookie ?")
        .replace("from 'jose';", "from 'jose';\nimport { pool } from './db';"),
    ],
    ['its type says no user', session.replace('user: { id: number }; ', 'id: string; ')],
  ])('is not taken where %s', (_, text) => {
    const { text: after, notes } = guarded(app(text));
    expect(after('lib/guard.ts')).not.toContain('fromCustom');
    expect(notes.join('\n')).toContain('Say who is asking');
  });
});

describe('who is asking', () => {
  test('is read from next-auth with the tenant where the app reads it', () => {
    const { text } = guarded({
      'lib/prisma.ts': `import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';
export const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });
`,
      'lib/auth.ts': `import { PrismaAdapter } from '@auth/prisma-adapter';
import type { NextAuthOptions } from 'next-auth';
import { prisma } from './prisma';
export const authOptions: NextAuthOptions = {
  adapter: PrismaAdapter(prisma),
  callbacks: { session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub } }) },
};
`,
      'app/notes/page.tsx': "import '../../lib/auth';\nexport default () => list(session?.user?.teamId);\n",
    });
    expect(text('lib/guard.ts')).toContain(
      'return fromAuthJs(getServerSession, { authOptions, tenant: found => (found as { user?: { teamId?: string } }).user?.teamId })(request);',
    );
    expect(text('lib/auth.ts')).toContain('adapter: PrismaAdapter(authPrisma),');
    expect(text('lib/auth-db.ts')).toContain(
      'new PrismaPg({ connectionString: process.env.AUTH_DATABASE_URL, max: 5 })',
    );
    expect(text('lib/guard-next.ts')).toContain(`    const rows = await prisma.$queryRaw<{ role: string | null }[]>\`
      select role from memberships
      where user_id = \${user} and team_id = \${tenant}::uuid
    \`;
    return rows[0];`);
  });

  test('is read from the seal of iron-session, and signing in has a pool of its own', () => {
    const { text, notes } = guarded({
      'pages/api/old.ts': 'export default () => undefined;\n',
      'lib/db.ts':
        "import { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
      'lib/session.ts': `import { getIronSession } from 'iron-session';
export interface SessionData { userId: string; teamId: string }
export async function getSession() {
  return getIronSession<SessionData>(await cookies(), options);
}
`,
      'app/login/route.ts': `import { pool } from '../../lib/db';
import { getSession } from '../../lib/session';
export async function POST(request: Request) {
  const session = await getSession();
  const { rows } = await pool.query('select id from users where email = $1', [await request.text()]);
  session.userId = rows[0].id;
  await session.save();
}
`,
    });
    expect(text('lib/guard.ts')).toContain(
      'return fromIronSession(() => getSession(), data => ({ user: data.userId, tenant: data.teamId }))(request);',
    );
    expect(notes.join('\n')).toContain("'pages/api/old.ts' and what is beside it cannot read the session");
    expect(text('app/login/route.ts')).toContain("import { authPool } from '../../lib/auth-db';");
    expect(text('app/login/route.ts')).toContain('await authPool.query(');
    expect(text('lib/guard-next.ts')).toContain('tenant: tenantFromSession(),');
  });
});

describe('pools', () => {
  test('one of another database is left as it is, and named', () => {
    const { text, notes } = guarded({
      'lib/db.ts':
        "import { Pool } from 'pg';\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n",
      'lib/stats.ts':
        "import { Pool } from 'pg';\nexport const stats = new Pool({ connectionString: process.env.STATS_URL });\n",
    });
    expect(text('lib/db.ts')).toContain('openPool(');
    expect(text('lib/stats.ts')).toBeUndefined();
    expect(notes.join('\n')).toContain('lib/stats.ts:2 makes a pool of its own from STATS_URL');
  });

  test('modules that take Pool out of pg lose the line', () => {
    const { text } = guarded({
      'lib/db.ts': "import pg from 'pg';\n\nconst { Pool } = pg;\nexport const pool = new Pool();\n",
    });
    expect(text('lib/db.ts')).toContain('export const pool = openPool({});');
    expect(text('lib/db.ts')).not.toContain('pg;');
  });
});

describe('clients that no codemod changes', () => {
  test.each([
    [
      "import { drizzle } from 'drizzle-orm/neon-http';",
      "'lib/db.ts' uses drizzle-orm/neon-http: it does not go through node-postgres",
    ],
    ["import knex from 'knex';", "'lib/db.ts' uses knex: give it openPool(…) as connectionPool"],
    ["import { DataSource } from 'typeorm';", "'lib/db.ts' uses typeorm: give it guardedPg"],
    [
      "import { Client } from 'pg';\nexport const client = new Client();",
      "'lib/db.ts' makes a client of node-postgres by itself",
    ],
  ])('%s is named', (text, note) => {
    expect(guarded({ 'lib/db.ts': `${text}\n` }).notes.join('\n')).toContain(note);
  });

  test('an app in which no client was found is told so', () => {
    expect(guarded({ 'app/page.tsx': 'export default () => null;\n' }).notes.join('\n')).toContain(
      "make it with openPool of 'lib/guard.ts'",
    );
    const js = "import { Pool } from 'pg';\nexport const pool = new Pool();\n";
    expect(guarded({ 'lib/db.js': js }).text('lib/db.js')).toContain('openPool({})');
  });
});

describe('an auth library that is set up where it was not seen', () => {
  const app = {
    'pages/api/auth/[...nextauth].ts': `import NextAuth from 'next-auth';
import { optionsFor } from '../../../lib/next-auth';
export default (req, res) => NextAuth(req, res, optionsFor(req));`,
    'lib/next-auth.ts': `import { PrismaAdapter } from '@next-auth/prisma-adapter';
import { prisma } from './prisma';
const adapter = PrismaAdapter(prisma);
export const optionsFor = () => ({ adapter, providers: [] });`,
    'lib/prisma.ts': `import { PrismaClient } from '@prisma/client';
export const prisma = new PrismaClient();`,
  };
  const packages = '"pg": "^8.23.1", "@prisma/client": "^6.16.0"';

  test('is told that its users could not sign in with the app’s own client', () => {
    expect(guarded(app, packages, undefined, false).notes.join('\n')).toContain(
      "'lib/next-auth.ts' hands the auth library a client of the app's own",
    );
    expect(guarded(app, packages).notes.join('\n')).not.toContain('hands the auth library');
  });
});

describe('options of an auth library that a function makes', () => {
  const prisma = {
    'lib/prisma.ts': `import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';
export const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });
`,
  };
  const route = {
    'app/notes/route.ts': "import '../../auth';\nimport '../../lib/options';\nimport '../../lib/prisma';\n",
  };
  const made = `async () => {
  await prisma.user.findFirst();
  return { adapter: PrismaAdapter(prisma), providers: [] };
}`;
  const head = "import { PrismaAdapter } from '@auth/prisma-adapter';\nimport { prisma } from './prisma';\n";

  test.each([
    [
      'in the call',
      { 'lib/options.ts': `${head}import NextAuth from 'next-auth';\nexport const { auth } = NextAuth(${made});\n` },
    ],
    [
      'by name, in another file',
      {
        'lib/options.ts': `${head}export const options = ${made};\n`,
        'auth.ts':
          "import NextAuth from 'next-auth';\nimport { options } from './lib/options';\nexport const { auth } = NextAuth(options);\n",
      },
    ],
    [
      'called for each request',
      {
        'lib/options.ts': `${head}export const optionsFor = ${made};\n`,
        'auth.ts':
          "import NextAuth from 'next-auth';\nimport { optionsFor } from './lib/options';\nexport default async (req, res) => NextAuth(req, res, await optionsFor());\n",
      },
    ],
    [
      'kept in a variable with a type',
      {
        'lib/options.ts': `${head}import type { NextAuthOptions } from 'next-auth';\nfunction build() {\n  void prisma.user.findFirst();\n  return { adapter: PrismaAdapter(prisma), providers: [] };\n}\nexport const authOptions: NextAuthOptions = build();\n`,
      },
    ],
    [
      'and spread',
      {
        'lib/options.ts': `${head}const build = () => {\n  void prisma.user.findFirst();\n  return { adapter: PrismaAdapter(prisma) };\n};\nexport const authOptions = { ...build(), providers: [] };\n`,
        'auth.ts':
          "import NextAuth from 'next-auth';\nimport { authOptions } from './lib/options';\nexport default NextAuth(authOptions);\n",
      },
    ],
  ])('%s get a pool of their own', (_, files) => {
    const { text } = guarded({ ...prisma, ...route, ...files });
    const after = text('lib/options.ts');
    expect(after).toContain('PrismaAdapter(authPrisma)');
    expect(after).toContain('authPrisma.user.findFirst()');
    expect(text('lib/auth-db.ts')).toContain('AUTH_DATABASE_URL');
  });

  test('an adapter that is made beside them is theirs too, and who else asks the database is not', () => {
    const { text } = guarded({
      ...prisma,
      ...route,
      'lib/options.ts': `${head}const adapter = PrismaAdapter(prisma);
export const optionsFor = () => ({ adapter, providers: [] });
export const notes = () => prisma.note.findMany();
`,
      'auth.ts':
        "import NextAuth from 'next-auth';\nimport { optionsFor } from './lib/options';\nexport default (req, res) => NextAuth(req, res, optionsFor());\n",
    });
    expect(text('lib/options.ts')).toContain('PrismaAdapter(authPrisma)');
    expect(text('lib/options.ts')).toContain('prisma.note.findMany()');
    expect(text('lib/options.ts')).not.toContain('authPrisma.note');
  });

  test('the session is read with options that a function has made', () => {
    const { text } = guarded({
      ...prisma,
      ...route,
      'lib/options.ts': `${head}const build = () => ({ adapter: PrismaAdapter(prisma), callbacks: { session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub } }) } });
export const authOptions = build();
`,
      'auth.ts':
        "import NextAuth from 'next-auth';\nimport { authOptions } from './lib/options';\nexport default NextAuth(authOptions);\n",
    });
    expect(text('lib/guard.ts')).toContain('fromAuthJs(getServerSession, { authOptions');
  });
});
