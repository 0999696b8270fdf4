import { compareText } from '../../core/place.ts';
import { applyEdits } from '../compose.ts';
import type { FileChange } from '../diff.ts';
import type { Node } from 'oxc-parser';
import { textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import type { SourceTexts } from '../source/source-set.ts';
import type { GuardedApp } from './app.ts';
import type { AuthLibrary } from './auth-library.ts';
import { isInAuth, separateAuth } from './auth-pool.ts';
import type { NewFile } from './auth-pool.ts';
import { databasesOf } from './databases.ts';
import { guardEntries } from './entries.ts';
import type { EntryOptions, GuardedEntries } from './entries.ts';
import type { ScopedEntry } from './entry-scopes.ts';
import { drizzleConnections, guardDrizzle } from './drizzle-connection.ts';
import { guardFile } from './guard-file.ts';
import { nextFile, nextFileOf } from './next-file.ts';
import { nameOtherClients } from './other-clients.ts';
import { guardPrisma, prismaAddress } from './prisma.ts';
import { sessionCode } from './session-code.ts';
import type { SessionCode } from './session-code.ts';
import { leastVersion, packageFile, versionOf } from './package-file.ts';
import { guardPgPools, mainAddress, pgPools, variableIn } from './pg-pool.ts';
import { movePostgresJs } from './postgres-js.ts';
import type { MembershipTable } from './sql/options.ts';

/** What writing the guard into an app's own files needs to know. */
export interface AppFilesOptions {
  readonly app: GuardedApp;
  readonly library: AuthLibrary | undefined;
  readonly membership: MembershipTable & { readonly role?: string };
  readonly types: { readonly tenant: string; readonly user: string };
  /** Further lines of `.env.example`. */
  readonly addresses?: readonly string[];
  /** Whether the auth library has a role of its own. */
  readonly authRole: boolean;
  /** The entry points that reach rows with an owner. */
  readonly entries?: readonly ScopedEntry[];
  /** Files whose entry points are left as they are. */
  readonly leavesEntries?: (file: string) => boolean;
}

/** The changes of the app's own files, and what is left to the developer. */
export interface AppFiles {
  readonly changes: readonly FileChange[];
  readonly notes: readonly string[];
  readonly entries: GuardedEntries;
  /** Whether a client of the app asks its database through the guard. */
  readonly isGuarded: boolean;
  /** Clients that do not, one sentence each. */
  readonly unguarded: readonly string[];
}

/** Where `lib/guard.ts` is in an app. */
export function guardFileOf(texts: SourceTexts): string {
  return `${texts.files.some(file => file.startsWith('src/app/') || file.startsWith('src/pages/')) ? 'src/' : ''}lib/guard.ts`;
}

/** `lib/guard.ts`, the clients that use its pool, the auth library's own pool, `.env.example` and the dependencies. */
export function appFiles(options: AppFilesOptions): AppFiles {
  const { app, library, membership } = options;
  const databases = databasesOf(app);
  const auth = separateAuth(app, databases);
  const isOwn = (parsed: ParsedFile, node: Node): boolean =>
    isInAuth(app, parsed, node) ||
    auth.own.some(own => own.parsed === parsed && own.node.start <= node.start && node.end <= own.node.end);
  const pools = pgPools(app, isOwn);
  const drizzle = drizzleConnections(app, isOwn);
  const address = mainAddress(app, [
    ...[...pools, ...drizzle].map(each => each.address),
    ...databases
      .filter(each => each.kind === 'postgres-js')
      .map(({ parsed, node }) => variableIn(textOf(parsed, node))),
    ...[prismaAddress(app)].filter(each => each !== undefined),
  ]);
  guardPgPools(app, pools, address);
  const moved = guardDrizzle(app, drizzle);
  movePostgresJs(app, isOwn);
  guardPrisma(app, isOwn);
  const isGuarded = nameOtherClients(app, moved);
  const session = library === undefined ? undefined : sessionCode(app, library, { membership, types: options.types });
  const guarded = databases.find(each => !auth.own.includes(each));
  const entries = guardEntries(app, options.entries ?? [], entryOptions(options, session, nextFileOf(app, guarded)));
  const text = guardFile({
    membership,
    session,
    exportsPolicy: app.needs.has('policy'),
    exportsInTenant: app.entryNeeds.has('inTenant'),
  });
  const next =
    session === undefined ? undefined : nextFile({ ...options, database: guarded, sessionTenant: session.tenant });
  const files = [{ file: app.guardFile, text }, ...auth.newFiles, ...(next === undefined ? [] : [next])];
  const changes = [
    ...files
      .filter(each => !isThere(app, each.file))
      .map(each => ({ file: each.file, before: undefined, after: each.text })),
    ...sourceChanges(app),
    environmentChange(app.texts, address, [
      ...(options.authRole ? ['AUTH_DATABASE_URL=postgres://app_auth:@127.0.0.1:5432/app'] : []),
      'OWNER_DATABASE_URL=',
      ...(options.addresses ?? []),
    ]),
    packageChange(app),
  ];
  return {
    entries,
    isGuarded,
    unguarded: app.unguarded,
    changes: changes.filter(change => change.before !== change.after),
    notes: [
      ...usualNotes(app, { session, next, address, authRole: options.authRole }),
      ...(session === undefined ? [] : pagesNotes(app)),
      ...(app.texts.read(app.guardFile)?.includes('@drydock/guard') === true ? [laterRun] : []),
      ...(session?.notes ?? []),
      ...(options.authRole ? [] : sharedAdapters(app)),
      ...app.unguarded,
      ...app.notes,
    ],
  };
}

/** A library that looks users up before anybody is signed in, on a client that will refuse it: it was not seen where it is set up. */
function sharedAdapters(app: GuardedApp): readonly string[] {
  return [...app.running]
    .filter(file => authAdapter.test(app.texts.read(file) ?? ''))
    .map(
      file =>
        `'${file}' hands the auth library a client of the app's own, under which nobody could sign in any more: give its adapter a client on a pool without the guard, for a role that reaches users, sessions and accounts alone.`,
    );
}

const authAdapter =
  /from ['"](?:@auth\/(?:prisma|drizzle|pg|kysely|typeorm)-adapter|@next-auth\/(?:prisma|typeorm-legacy)-adapter)['"]/;

/** Under the guard every query has somebody who asks, also one that runs before they are signed in. */
const laterRun =
  'The guard is in already: entry points that ask before anybody is signed in are told by the first run alone.';

/** What an earlier run wrote is not written again: only what is in it already can be used. */
function entryOptions(
  { app, leavesEntries }: AppFilesOptions,
  session: SessionCode | undefined,
  next: string | undefined,
): EntryOptions {
  const guard = app.texts.read(app.guardFile);
  const guards = next === undefined ? undefined : app.texts.read(next);
  return {
    nextFile: guards === undefined || guards.includes('function tenantRoute') ? next : undefined,
    knowsSession: session !== undefined && (guard === undefined || guard.includes('function inTenant')),
    knowsTenant: session !== undefined,
    left: leavesEntries ?? (() => false),
  };
}

/** What an earlier run wrote, or the developer, is theirs to change. */
function isThere(app: GuardedApp, file: string): boolean {
  const text = app.texts.read(file);
  if (text === undefined) return false;
  if (!text.includes('@drydock/guard'))
    app.notes.push(`'${file}' is there already and was left as it is: rename it, and run this again.`);
  return true;
}

function sourceChanges(app: GuardedApp): readonly FileChange[] {
  const edits = app.edits.edits();
  return [...new Set(edits.map(edit => edit.file))].toSorted(compareText).map(file => {
    const before = app.texts.read(file) ?? '';
    return { file, before, after: applyEdits(file, before, edits) };
  });
}

function environmentChange(texts: SourceTexts, address: string, more: readonly string[]): FileChange {
  const before = texts.read('.env.example');
  const wanted = ['ADMIN_DATABASE_URL=postgres://app_admin:@127.0.0.1:5432/app', ...more];
  const missing = wanted.filter(line => before?.includes(line.slice(0, line.indexOf('=') + 1)) !== true);
  const title = `# Roles of the guard: ${address} is the app's own (app), which owns nothing. Migrations keep the owner's.`;
  const lines = before?.includes(title) === true ? missing : [title, ...missing];
  const above = before === undefined ? '' : `${before.trimEnd()}\n${lines.length > missing.length ? '\n' : ''}`;
  return { file: '.env.example', before, after: missing.length === 0 ? before : `${above}${lines.join('\n')}\n` };
}

/** The least version of node-postgres that the guard works with. */
const leastPg = [8, 21] as const;

function packageChange(app: GuardedApp): FileChange {
  const before = app.texts.read('package.json') ?? '{}\n';
  const { add, develop, update, drop } = app.packages;
  add.set('@drydock/guard', '^0.1.0');
  add.set('pg', '^8.21.0');
  develop.set('@types/pg', '^8.15.0');
  const pg = versionOf(before, 'pg');
  const [major, minor] = (pg === undefined ? undefined : leastVersion(pg)) ?? leastPg;
  if (major < leastPg[0] || (major === leastPg[0] && minor < leastPg[1]))
    app.notes.push(`Update pg: the guard needs 8.21 or newer, and package.json asks for ${pg ?? ''}.`);
  return { file: 'package.json', before, after: packageFile(before, { add, develop, update, drop }) };
}

interface Written {
  readonly session: SessionCode | undefined;
  readonly next: NewFile | undefined;
  readonly address: string;
  readonly authRole: boolean;
}

function usualNotes(app: GuardedApp, { session, next, address, authRole }: Written): readonly string[] {
  const beside = app.set.files.filter(
    file => !app.running.has(file) && new RegExp(`\\benv\\.${address}\\b`).test(app.texts.read(file) ?? ''),
  );
  const named = beside.length > 3 ? [...beside.slice(0, 3), `${beside.length - 3} more`] : beside;
  return [
    `Give the roles passwords (alter role app password …) and point ${address} at app, ADMIN_DATABASE_URL at app_admin${authRole ? ', AUTH_DATABASE_URL at app_auth' : ''}.`,
    beside.length === 0
      ? 'Run migrations as the owner: with OWNER_DATABASE_URL.'
      : `Run migrations and scripts as the owner: ${named.join(', ')} read${beside.length === 1 ? 's' : ''} ${address}, and must get OWNER_DATABASE_URL there.`,
    ...(session === undefined
      ? ['Say who is asking: wrap what a request does in asTenant, or give guardPool a resolve.']
      : []),
    ...(next === undefined
      ? []
      : [`Make new routes, actions and pages with guardRoute, guardAction and guardPage of '${next.file}'.`]),
    'Wrap what runs outside of a request (cron, webhooks, cached functions, public links) in asSystem or asAdmin.',
  ];
}

/** `next/headers` works in the App Router only: https://nextjs.org/docs/app/api-reference/functions/headers */
function pagesNotes({ texts }: GuardedApp): readonly string[] {
  const file = texts.files.find(each => /^(?:src\/)?pages\/api\//.test(each));
  if (file === undefined) return [];
  return [
    `'${file}' and what is beside it cannot read the session by next/headers: make them with guardApi, or name their scope with asTenant.`,
  ];
}
