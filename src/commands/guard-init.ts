import { join } from 'node:path';
import { execa } from 'execa';
import { DrydockError } from '../core/error.ts';
import type { Cell } from '../core/cell.ts';
import type { GuardInit } from '../core/guard-init.ts';
import type { EntryPoint } from '../core/path.ts';
import { compareText } from '../core/place.ts';
import type { Place } from '../core/place.ts';
import type { QueryPath } from '../model/app/types.ts';
import { copyApp, sourceTexts, writeTexts } from '../fix/copy.ts';
import type { AppCopy } from '../fix/copy.ts';
import { unifiedDiff } from '../fix/diff.ts';
import type { FileChange } from '../fix/diff.ts';
import { openApp } from '../fix/guard/app.ts';
import type { AuthLibrary } from '../fix/guard/auth-library.ts';
import { authLibrary } from '../fix/guard/auth-library.ts';
import { hasAuthParts, isOfAuth } from '../fix/guard/auth-parts.ts';
import { appFiles, guardFileOf } from '../fix/guard/files.ts';
import type { GuardedEntries } from '../fix/guard/entries.ts';
import { entryScopes } from '../fix/guard/entry-scopes.ts';
import { planGuard } from '../fix/guard/plan.ts';
import { otherEngine } from '../fix/guard/engine.ts';
import { linkPackages } from '../fix/guard/packages.ts';
import { chosenParts } from '../fix/guard/parts.ts';
import type { PartName } from '../fix/guard/parts.ts';
import { guardSql } from '../fix/guard/sql/guard-sql.ts';
import { openSources } from '../fix/source/source-set.ts';
import { newErrors, typecheck } from '../fix/typecheck.ts';
import { analyse } from './analyse.ts';
import type { Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { migrationChanges } from './guard-migrations.ts';
import { requireOneApp } from './probe.ts';

/** What `drydock guard init` can be told. */
export interface GuardInitOptions {
  readonly migrations?: readonly string[];
  /** Parts that keep something in the app's Postgres, and whose tables are wanted too. */
  readonly with?: readonly PartName[];
  /** Write it; without it nothing is changed. */
  readonly write?: boolean;
  /** Also where the worktree holds changes that are not committed. */
  readonly force?: boolean;
}

/** `drydock guard init`: the whole set-up as a diff, tried on a copy, and written only when asked. */
export async function runGuardInit(
  root: string,
  options: GuardInitOptions,
  context: CommandContext,
): Promise<GuardInit> {
  requirePostgres(root);
  if (options.write === true && options.force !== true) await requireClean(root);
  const given = options.migrations === undefined ? {} : { migrations: options.migrations };
  const analysis = await analyse({ root, ...given, halves: 'both' }, context);
  requireOneApp(analysis);
  const { changes, todo, entries, verified } = await tryGuard(analysis, options, context);
  const compiles = verified.types.kind === 'skipped' || verified.types.errors.length === 0;
  const holds = verified.leaks.length === 0 && verified.isolated > 0 && compiles;
  const write = options.write === true && (holds || options.force === true);
  if (write)
    writeTexts({ root: analysis.root, branch: undefined }, new Map(changes.map(change => [change.file, change.after])));
  return {
    files: changes.map(change => change.file),
    diff: unifiedDiff(changes),
    written: write,
    verified,
    entries,
    todo,
  };
}

/** The guard in a copy of the app, and how the app's role fares there. */
export interface TriedGuard extends Pick<GuardInit, 'todo' | 'entries' | 'verified'> {
  readonly changes: readonly FileChange[];
  /** The attacks of the matrix as the app's role, under the new migration. */
  readonly cells: readonly Cell[];
}

/** Writes the guard into a copy of an app that was analysed, and attacks the copy's database as the app's new role. */
export async function tryGuard(
  analysis: Analysis,
  options: Pick<GuardInitOptions, 'migrations' | 'with'>,
  context: CommandContext,
): Promise<TriedGuard> {
  const copy = await copyApp(analysis.root, join(analysis.root, '.drydock', 'guard', 'app'));
  const { changes, todo, entries, types } = await withEntries(analysis, copy, options.with ?? []);
  const cells = await attack(copy, options, context);
  return {
    changes,
    todo,
    entries: { ...entries, changed: entries.changed.map(entry => entry.name) },
    cells,
    verified: { ...summary(cells), types },
  };
}

type Written = ReturnType<typeof changesFor>;
type Checked = Written & { readonly types: GuardInit['verified']['types'] };

/** Entry points are changed where the type checker follows: not where it cannot be asked, nor in files of which it complains. */
async function withEntries(analysis: Analysis, copy: AppCopy, names: readonly PartName[]): Promise<Checked> {
  const whole = changesFor(analysis, names, () => false);
  const types = await typesAfter(copy, whole.changes);
  const touched = new Set(whole.entries.changed.map(entry => entry.file));
  const isWrong = (file: string): boolean =>
    types.kind === 'skipped' ? touched.has(file) : types.errors.some(error => error.startsWith(`${file}:`));
  const wrong = [...touched].filter(isWrong);
  if (wrong.length === 0) return { ...whole, types };
  const less = changesFor(analysis, names, file => wrong.includes(file));
  writeTexts(copy, new Map(whole.changes.map(change => [change.file, change.before])));
  return { ...less, types: await typesAfter(copy, less.changes) };
}

function changesFor(
  analysis: Analysis,
  names: readonly PartName[],
  leavesEntries: (file: string) => boolean,
): {
  readonly changes: readonly FileChange[];
  readonly todo: readonly string[];
  readonly entries: GuardedEntries;
} {
  const texts = sourceTexts({ root: analysis.root, branch: undefined });
  const entries = analysis.app?.entryPoints.map(entry => entry.file) ?? [];
  const app = openApp(texts, openSources(texts), guardFileOf(texts), entries);
  const library = authLibrary(app, analysis.tenancy.memberships[0]?.tenantColumn ?? 'tenant_id');
  const auth = (library !== undefined && !withoutDatabase.has(library.kind)) || hasAuthParts(app);
  const plan = planGuard(analysis.database, analysis.tenancy, { auth, libraryAddsMembers: organizations(texts) });
  if (typeof plan === 'string')
    throw new DrydockError('usage', plan, {
      next:
        library?.kind === 'clerk'
          ? "Clerk keeps who belongs to which organization, and the guard asks the app's own database: keep organizations and members in two tables, written by Clerk's webhooks, then run this again."
          : 'Declare the tenancy in drydock.config.ts, then run this again.',
    });
  const parts = chosenParts(names);
  const migration = migrationChanges(
    analysis,
    [
      { name: 'guard', sql: tool => guardSql({ ...plan.options, tool }) },
      ...(names.length === 0 ? [] : [{ name: 'guard_parts', sql: () => parts.sql }]),
    ],
    texts,
  );
  const role = analysis.tenancy.memberships[0]?.roleColumn;
  const own = appFiles({
    app,
    library,
    membership: { ...plan.options.membership, ...(role === undefined ? {} : { role }) },
    types: { tenant: 'uuid', user: 'uuid', ...plan.options.types },
    addresses: parts.addresses,
    authRole: auth,
    entries:
      analysis.app === undefined
        ? []
        : entryScopes(analysis.app, {
            tenancy: analysis.tenancy,
            isSkipped: query => [query.place, ...query.steps].some(place => isOfAuth(app, place)),
            isOpen: openQueries(analysis),
          }),
    leavesEntries,
  });
  if (!own.isGuarded) throw notGuarded(own.unguarded);
  const usesStripe = /"stripe"\s*:/.test(texts.read('package.json') ?? '') && !names.includes('stripe');
  return {
    entries: own.entries,
    changes: [...migration, ...own.changes].toSorted((left, right) => compareText(left.file, right.file)),
    todo: [
      ...plan.notes,
      ...own.notes,
      ...parts.notes,
      ...(usesStripe ? ['This app uses Stripe: --with stripe adds the ledger of its events and of customers.'] : []),
    ],
  };
}

/** Whether nothing was found that keeps foreign rows back from a query. */
function openQueries({ judged }: Analysis): (query: QueryPath) => boolean {
  const keyOf = (entry: EntryPoint, place: Place): string => `${entry.name} ${place.file}:${place.line}`;
  const open = new Set(
    judged.paths
      .filter(path => path.verdict !== 'isolated' && path.verdict !== 'public')
      .map(path => keyOf(path.entryPoint, path.sink)),
  );
  return query => open.has(keyOf(query.entryPoint, query.place));
}

/** Under policies that nothing fills in, no query of the app would find a row. */
function notGuarded([first = '']: readonly string[]): DrydockError {
  return new DrydockError('usage', `No client of this app can go through the guard yet. ${first}`, {
    next: 'Nothing was written. Run this again afterwards.',
  });
}

/** Who is signed in is kept elsewhere, or looked up by code of the app's own. */
const withoutDatabase: ReadonlySet<AuthLibrary['kind']> = new Set(['clerk', 'supabase', 'own'] as const);

/** Whether better-auth's organization plugin adds and removes members. */
function organizations(texts: ReturnType<typeof sourceTexts>): boolean {
  return texts.files.some(
    file =>
      /\.tsx?$/.test(file) &&
      /\borganization\(/.test(texts.read(file) ?? '') &&
      /better-auth\/plugins/.test(texts.read(file) ?? ''),
  );
}

/** The role that the guard's migration makes for the app. */
const appRole = 'app';

/** Attacks every table of the copy's database again, this time as the role that the app will have. */
async function attack(
  copy: AppCopy,
  { migrations }: Pick<GuardInitOptions, 'migrations'>,
  context: CommandContext,
): Promise<readonly Cell[]> {
  const given = migrations === undefined ? {} : { migrations };
  const after = await analyse({ root: copy.root, ...given, halves: 'database', role: appRole }, context);
  return after.cells.filter(cell => cell.role === appRole);
}

function summary(cells: readonly Cell[]): Omit<GuardInit['verified'], 'types'> {
  const named = (verdict: string): readonly string[] => [
    ...new Set(cells.filter(cell => cell.verdict === verdict).map(cell => `${cell.command} on ${cell.object}`)),
  ];
  return {
    isolated: cells.filter(cell => cell.verdict === 'isolated').length,
    leaks: named('leaks'),
    unknown: named('unknown'),
  };
}

/** Writes the changes into the copy; what its own type checker says then that it did not say before. */
async function typesAfter(copy: AppCopy, changes: readonly FileChange[]): Promise<GuardInit['verified']['types']> {
  if (changes.length === 0) return { kind: 'checked', errors: [] };
  const missing = linkPackages(
    copy,
    changes.find(change => change.file === 'package.json'),
  );
  const before = await typecheck(copy.root);
  writeTexts(copy, new Map(changes.map(change => [change.file, change.after])));
  if (missing.length > 0)
    return {
      kind: 'skipped',
      reason: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed in the app as the guard needs ${missing.length === 1 ? 'it' : 'them'}, and could not be lent to its copy.`,
    };
  const after = await typecheck(copy.root);
  if (after.kind === 'skipped') return after;
  const errors = newErrors(before, after).map(({ file, line, message }) => `${file}:${line} ${message}`);
  return { kind: 'checked', errors };
}

function requirePostgres(root: string): void {
  const other = otherEngine(sourceTexts({ root, branch: undefined }));
  if (other === undefined) return;
  throw new DrydockError(
    'usage',
    `The guard works on Postgres, and '${other.file}' says that this app's database is ${other.name}.`,
    {
      next: 'drydock traces and repairs the paths of this app without it.',
    },
  );
}

async function requireClean(root: string): Promise<void> {
  const { stdout, exitCode } = await execa('git', ['status', '--porcelain', '--', '.'], { cwd: root, reject: false });
  if (exitCode === 0 && stdout.trim() === '') return;
  throw new DrydockError(
    'usage',
    exitCode === 0
      ? 'The folder holds changes that are not committed, and what is written now could not be told from them.'
      : 'The folder is in no git repository, so that what is written could not be undone.',
    { next: 'Commit first, or add --force.' },
  );
}
