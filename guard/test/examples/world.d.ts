/** What stands around the examples: an app with its session, database, mailer and router. Never run, only type-checked. */
declare const session: import('../../src/session/index.ts').SessionSource & { readonly userId: string };
declare const params: { readonly team: string };
declare const team: string & { readonly id: string };
declare const user: string & { readonly id: string };
declare const tenant: string & import('../../src/next/index.ts').TenantSource;
declare const error: unknown;
declare const config: import('pg').PoolConfig;
declare const membership: import('../../src/pg/index.ts').Membership &
  import('../../src/next/index.ts').GuardNextOptions['membership'];
declare const memberships: typeof invoice;
declare const invoice: typeof import('../orms/libraries.ts').invoice;
declare const db: import('drizzle-orm/node-postgres').NodePgDatabase;
declare const pool: import('pg').Pool;
declare const rows: { id: string; number: string; lines: { price: number }[] }[];
declare const logs: NonNullable<import('../../src/events/index.ts').OtelSinkOptions['logs']>;
declare const metrics: NonNullable<import('../../src/events/index.ts').OtelSinkOptions['metrics']>;
declare const pino: typeof import('pino').pino;
declare const adminPool: import('pg').Pool;
declare const eventsPool: import('pg').Pool;
declare const lookupPool: import('pg').Pool;
declare const auditKey: string;
declare const webhookSecret: string;
declare const stripe: import('stripe').default;
declare const queryCache: import('drizzle-orm/cache/core').Cache;
declare const redis: {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options?: { EX: number }): Promise<unknown>;
  del(key: string): Promise<unknown>;
};
declare const entities: import('typeorm').EntitySchema[];
declare const auth: Parameters<typeof import('../../src/session/index.ts').fromBetterAuth>[0] &
  Parameters<typeof import('../../src/session/index.ts').fromClerk>[0];
declare const guardRoute: import('../../src/next/index.ts').NextGuards['guardRoute'];
declare const observeRoute: import('../../src/next/index.ts').NextGuards['observeRoute'];
declare function ownChecksAndQuery(request: Request): Promise<readonly object[]>;
declare const guardAction: import('../../src/next/index.ts').NextGuards['guardAction'];
declare const guardMetadata: import('../../src/next/index.ts').NextGuards['guardMetadata'];
declare const guardPage: import('../../src/next/index.ts').NextGuards['guardPage'];
declare const render: () => Promise<null>;
declare const report: unknown;
declare const plan: Parameters<typeof import('../../src/sql/index.ts').guardSql>[0];
declare const present: readonly string[];
declare const journal: string;
declare const unstable_cache: import('../../src/cache/index.ts').UnstableCache;
declare const authOptions: object;
declare const sessionOptions: import('iron-session').SessionOptions;
declare const postgresClient: new (config: unknown) => { _driver(): unknown };
declare const z: typeof import('zod').z;
declare const prisma: { $transaction<T>(work: (tx: PrismaTransaction) => Promise<T>): Promise<T> };
interface PrismaTransaction {
  $queryRawUnsafe<T>(text: string, ...values: readonly unknown[]): Promise<T>;
}
declare namespace Prisma {
  type TransactionClient = PrismaTransaction;
}
interface Tables {
  readonly invoices: { id: string };
}
type SessionData = { userId?: string; teamId?: string };
declare class PrismaClient {
  constructor(options: { readonly adapter: import('@prisma/adapter-pg').PrismaPg });
}
declare function after(work: () => unknown): void;
declare function revalidateTag(tag: string, profile?: string): void;
declare function cacheTag(tag: string): void;
declare function cookies(): Promise<import('iron-session').CookieStore>;
declare function getIronSession<T>(cookies: unknown, options: unknown): Promise<T>;
declare function getServerSession(options: object): Promise<null>;
declare function createClient(): Promise<import('../../src/session/index.ts').SupabaseAuth>;
declare function createClient(url: string, key: string | undefined): import('@supabase/supabase-js').SupabaseClient;
declare function createServerClient(
  url: string,
  key: string,
  options: object,
): import('@supabase/supabase-js').SupabaseClient;
declare const publishableKey: string;
declare const freeze: import('../../src/freeze/index.ts').GuardFreeze;
declare const model: import('ai').LanguageModel;
declare const messages: import('ai').ModelMessage[];
declare const streamText: typeof import('ai').streamText;
declare const McpServer: typeof import('@modelcontextprotocol/sdk/server/mcp.js').McpServer;
declare function findSession(
  request: unknown,
): Promise<{ userId: string; teamId: string; expiresAt: Date } | undefined>;
declare function findMember(user: string, tenant: string): Promise<{ role: string } | undefined>;
declare function findTeam(id: string): Promise<{ id: string } | undefined>;
declare function sumInvoices(year: number): Promise<{ open: number }>;
declare function totalsOf(key: import('../../src/cache/index.ts').CacheKey, year: number): Promise<{ open: number }>;
declare function legacyQuery(): Promise<{ id: string; tenant_id: string }[]>;
declare function adminReport(): Promise<number>;
declare function sendReminders(): Promise<void>;
declare function rename(tenant: string, name: string): Promise<void>;
declare function Team(properties: { readonly id: string }): null;
declare function recordRefusal(code: string): Promise<void>;
declare const request: Request;
declare const limits: import('../../src/limits/index.ts').GuardLimits<'login'>;
declare const email: string;
declare const plainPool: import('pg').Pool;
declare const limitKey: string;
declare const address: string;
declare const url: string;
declare const serviceKey: string;
declare const listInvoices: import('ai').Tool<{ tenantId: string; open: boolean }, object[]> & {
  execute: (input: { tenantId: string; open: boolean }, options: import('ai').ToolCallOptions) => Promise<object[]>;
};
declare function invoicesOf(tenant: string, open: boolean): Promise<object[]>;
