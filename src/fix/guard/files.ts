import { compareText } from '../../core/place.ts';
import { applyEdits } from '../compose.ts';
import type { FileChange } from '../diff.ts';
import { openSources } from '../source/source-set.ts';
import type { SourceTexts } from '../source/source-set.ts';
import { openApp } from './app.ts';
import type { GuardedApp } from './app.ts';
import { guardFile } from './guard-file.ts';
import { leastVersion, packageFile, versionOf } from './package-file.ts';
import { guardPgPools, pgPools } from './pg-pool.ts';
import { movePostgresJs } from './postgres-js.ts';
import type { MembershipTable } from './sql/options.ts';

/** What writing the guard into an app's own files needs to know. */
export interface AppFilesOptions {
  readonly texts: SourceTexts;
  readonly membership: MembershipTable;
  /** The file that makes better-auth, without its ending, where the app has it. */
  readonly betterAuth: string | undefined;
  /** Whether the app keeps its sources below `src`. */
  readonly folder: 'src/' | '';
}

/** The changes of the app's own files, and what is left to the developer. */
export interface AppFiles {
  readonly changes: readonly FileChange[];
  readonly notes: readonly string[];
}

/** `lib/guard.ts`, the clients that use its pool, `.env.example` and the dependencies. */
export function appFiles(options: AppFilesOptions): AppFiles {
  const { texts, folder, membership, betterAuth } = options;
  const file = `${folder}lib/guard.ts`;
  const app = openApp(texts, openSources(texts), file);
  const pools = pgPools(app);
  guardPgPools(app, pools);
  movePostgresJs(app);
  const exportsPolicy = app.needs.has('policy');
  const changes = [
    { file, before: texts.read(file), after: guardFile({ file, membership, betterAuth, exportsPolicy }) },
    ...sourceChanges(app),
    environmentChange(texts),
    packageChange(app),
  ];
  return {
    changes: changes.filter(change => change.before !== change.after),
    notes: [...usualNotes(options), ...app.notes, ...prismaNotes(app, pools.length > 0)],
  };
}

function sourceChanges(app: GuardedApp): readonly FileChange[] {
  const edits = app.edits.edits();
  return [...new Set(edits.map(edit => edit.file))].toSorted(compareText).map(file => {
    const before = app.texts.read(file) ?? '';
    return { file, before, after: applyEdits(file, before, edits) };
  });
}

function environmentChange(texts: SourceTexts): FileChange {
  const before = texts.read('.env.example');
  const after = `${before === undefined ? '' : `${before.trimEnd()}\n\n`}# Roles of the guard: DATABASE_URL is the app's own (app), which owns nothing. Migrations keep the owner's.
ADMIN_DATABASE_URL=postgres://app_admin:@127.0.0.1:5432/app
AUTH_DATABASE_URL=postgres://app_auth:@127.0.0.1:5432/app
OWNER_DATABASE_URL=
`;
  return { file: '.env.example', before, after: before?.includes('ADMIN_DATABASE_URL') === true ? before : after };
}

/** The least version of node-postgres that the guard works with. */
const leastPg = [8, 21] as const;

function packageChange(app: GuardedApp): FileChange {
  const before = app.texts.read('package.json') ?? '{}\n';
  const { add, develop, drop } = app.packages;
  add.set('@drydock/guard', '^0.1.0');
  add.set('pg', '^8.21.0');
  develop.set('@types/pg', '^8.15.0');
  const pg = versionOf(before, 'pg');
  const [major, minor] = (pg === undefined ? undefined : leastVersion(pg)) ?? leastPg;
  if (major < leastPg[0] || (major === leastPg[0] && minor < leastPg[1]))
    app.notes.push(`Update pg: the guard needs 8.21 or newer, and package.json asks for ${pg ?? ''}.`);
  return { file: 'package.json', before, after: packageFile(before, { add, develop, drop }) };
}

function usualNotes({ betterAuth }: AppFilesOptions): readonly string[] {
  return [
    'Give the roles passwords (alter role app password …) and point DATABASE_URL at app, ADMIN_DATABASE_URL at app_admin.',
    'Run migrations as the owner: with OWNER_DATABASE_URL.',
    ...(betterAuth === undefined
      ? ['Say who is asking: wrap what a request does in asTenant, or give guardPool a resolve.']
      : [
          `Give the auth library in '${betterAuth}' a pool of its own, new Pool({ connectionString: process.env.AUTH_DATABASE_URL }): it works before anybody is signed in.`,
        ]),
    'Wrap what runs outside of a request (cron, webhooks, cached functions, public links) in asSystem or asAdmin.',
  ];
}

function prismaNotes({ set, texts }: GuardedApp, hasPool: boolean): readonly string[] {
  const file = set.files.find(each => /new PrismaClient\(/.test(texts.read(each) ?? ''));
  if (file === undefined || hasPool) return [];
  return [
    `'${file}' makes a Prisma client: give it new PrismaClient({ adapter: new PrismaPg(openPool({ connectionString })) }).`,
  ];
}
