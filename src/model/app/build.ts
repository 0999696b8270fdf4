import { setImmediate } from 'node:timers/promises';

import { openingDirective } from '../../collect/source/outline.ts';
import type { SourceFiles } from '../../collect/source/read-source.ts';
import { comparePlaces, compareText } from '../../core/place.ts';
import type { Gap } from '../../core/gap.ts';
import type { EntryPoint } from '../../core/path.ts';
import type { DatabaseModel } from '../database/types.ts';
import { noDeclarations, type Declarations, type DeclaredFunction } from './declared.ts';
import { adapterHandlers, findRunnables } from './entry/adapters.ts';
import type { ObserveInput } from './events.ts';
import { brandHandlers } from './library/brands.ts';
import { caslHandlers } from './library/casl.ts';
import { drizzleHandlers } from './library/drizzle.ts';
import { guardHandlers } from './library/guard/index.ts';
import { listFunctionHandlers } from './library/list-functions.ts';
import { platformHandlers } from './library/platform.ts';
import { prismaRawHandlers } from './library/prisma-raw.ts';
import { prismaHandlers } from './library/prisma.ts';
import { promiseHandlers } from './library/promises.ts';
import { safeActionHandlers } from './library/safe-actions.ts';
import { identityHandlers } from './library/identity/index.ts';
import { storeHandlers } from './library/stores.ts';
import { knexHandlers } from './library/knex.ts';
import { kyselyHandlers } from './library/kysely.ts';
import { pgHandlers } from './library/pg.ts';
import { sqlTagHandlers } from './library/sql-tags.ts';
import { proxyHandlers } from './library/proxies.ts';
import { nodeFileHandlers } from './library/node-files.ts';
import { matchHandlers } from './library/ts-pattern.ts';
import { sequelizeHandlers } from './library/sequelize/operations.ts';
import { streamHandlers } from './library/streams.ts';
import { timerHandlers } from './library/timers.ts';
import { typeormHandlers } from './library/typeorm/repository.ts';
import { supabaseHandlers } from './library/supabase.ts';
import { unsentActions } from './unsent.ts';
import { unusedSites } from './unused.ts';
import { unmodelledLibraries } from './library/unmodelled.ts';
import { validatorHandlers } from './library/validators.ts';
import { zodHandlers } from './library/zod.ts';
import { Machine, type Handler } from './machine.ts';
import { inlinedEnvironment, moduleInfo, outlineInfo, textualQueries } from './modules.ts';
import { observe } from './observe/index.ts';
import { Flattening } from './paths.ts';
import type { AppFramework, AppModel, QueryPath } from './types.ts';

/** The models of all libraries, by package and path. */
function allHandlers(): ReadonlyMap<string, Handler> {
  const libraries = [
    platformHandlers,
    listFunctionHandlers,
    identityHandlers,
    storeHandlers,
    safeActionHandlers,
    zodHandlers,
    validatorHandlers,
    drizzleHandlers,
    prismaHandlers,
    promiseHandlers,
    prismaRawHandlers,
    proxyHandlers,
    matchHandlers,
    nodeFileHandlers,
    supabaseHandlers,
    pgHandlers,
    guardHandlers,
    sqlTagHandlers,
    kyselyHandlers,
    knexHandlers,
    brandHandlers,
    caslHandlers,
    timerHandlers,
    typeormHandlers,
    streamHandlers,
    sequelizeHandlers,
    adapterHandlers,
  ];
  return new Map(libraries.flatMap(handlers => Object.entries(handlers)));
}

/** What the interpreter found, before observers turn events into observations. */
export interface Interpreted extends ObserveInput {
  readonly model: AppModel;
}

/** Interprets one entry point after the other, and stops after each, so that whoever drives it may see to something else. */
function* interpretEntries(
  source: SourceFiles,
  database: DatabaseModel | undefined,
  declarations: Declarations,
): Generator<void, Interpreted> {
  const machine = new Machine(source, database, allHandlers(), declarations);
  const flattening = new Flattening(machine);
  for (const runnable of findRunnables(machine)) {
    for (const run of runnable.run()) flattening.add(run);
    yield;
  }
  const flat = flattening.result();
  const found = [...machine.foundEntries.values()].toSorted(
    (left, right) => comparePlaces(left, right) || compareText(left.name, right.name),
  );
  const modules = sourceModules(source).toSorted((left, right) => compareText(left.file, right.file));
  const unsent = unsentActions(source, modules, found);
  const told = <T extends EntryPoint>(point: T): T => (unsent.has(point.name) ? { ...point, unsent: true } : point);
  const points = found.map(told);
  const queries = flat.queries.map(query => ({ ...query, entryPoint: told(query.entryPoint) }));
  const events = flat.events;
  const gaps = [...source.gaps(), ...machine.gaps, ...unmodelledLibraries(source.loaded())].toSorted(compareGaps);
  const loaded = source.loaded();
  const textual = new Set(loaded.flatMap(textualQueries));
  const missed = [...textual].filter(site => !machine.reachedSites.has(site));
  const unused = unusedSites(source, loaded, missed);
  for (const site of machine.reachedSites) textual.add(site);
  for (const site of unused) textual.delete(site);
  const model: AppModel = {
    framework: frameworkOf(source),
    entryPoints: points,
    queries: queries.toSorted(compareQueries),
    observations: [],
    declared: { used: namesOf(machine.usedDeclarations), unclear: namesOf(machine.unclearDeclarations) },
    gaps,
    files: loaded.length + source.outlined().length,
    querySites: { reached: machine.reachedSites.size, textual: textual.size, unused: unused.length },
  };
  return {
    model,
    entryPoints: points,
    queries: model.queries,
    events,
    modules,
    inlinedEnvironment: inlinedEnvironment(source),
    rows: machine.rows,
  };
}

function sourceModules(source: SourceFiles): ObserveInput['modules'][number][] {
  const seen = new Set<string>();
  // Files of the browser's graph are not all reached from entry points; every file with the directive counts.
  for (const path of source.paths) {
    if (!/\.[cm]?[jt]sx?$/.test(path) || /\.(?:test|spec|stories)\./.test(path)) continue;
    const text = source.text(path) ?? '';
    if (openingDirective(text) === 'use client') loadGraph(source, path, seen);
  }
  return [
    ...source.loaded().map(module => moduleInfo(source, module)),
    ...source.outlined().map(outline => outlineInfo(source, outline)),
  ];
}

function loadGraph(source: SourceFiles, path: string, seen: Set<string>): void {
  if (seen.has(path)) return;
  seen.add(path);
  const outline = source.outline(path);
  if (outline === undefined || outline.directive === 'use server') return;
  for (const declaration of outline.imports) {
    const resolution = source.resolve(path, declaration.specifier);
    if (resolution.kind === 'file') loadGraph(source, resolution.file, seen);
  }
}

function namesOf(declared: ReadonlySet<DeclaredFunction>): readonly string[] {
  return [...declared].map(each => each.name).toSorted(compareText);
}

function compareQueries(left: QueryPath, right: QueryPath): number {
  return (
    comparePlaces(left.entryPoint, right.entryPoint) ||
    compareText(left.entryPoint.name, right.entryPoint.name) ||
    comparePlaces(left.place, right.place) ||
    compareText(left.id, right.id)
  );
}

function compareGaps(left: Gap, right: Gap): number {
  return comparePlaces(left, right) || compareText(left.reason, right.reason);
}

const orms: readonly (readonly [string, string])[] = [
  ['drizzle-orm', 'Drizzle'],
  ['@prisma/client', 'Prisma'],
  ['@supabase/supabase-js', 'Supabase'],
  ['@supabase/ssr', 'Supabase'],
  ['kysely', 'Kysely'],
  ['knex', 'Knex'],
  ['typeorm', 'TypeORM'],
  ['sequelize', 'Sequelize'],
  ['postgres', 'postgres.js'],
];
const auths: readonly (readonly [string, string])[] = [
  ['better-auth', 'better-auth'],
  ['next-auth', 'NextAuth'],
  ['@clerk/nextjs', 'Clerk'],
  ['@supabase/ssr', 'Supabase Auth'],
  ['jose', 'jose'],
];

function frameworkOf(source: SourceFiles): AppFramework {
  const has = (list: readonly (readonly [string, string])[]): readonly string[] => [
    ...new Set(list.filter(([name]) => source.dependencies.has(name)).map(([, label]) => label)),
  ];
  const migrations = [
    'drizzle',
    'supabase/migrations',
    'prisma/migrations',
    'migrations',
    'db/migrations',
    'lib/db/migrations',
  ];
  const folder = migrations.find(candidate =>
    source.paths.some(path => path.startsWith(`${candidate}/`) && path.endsWith('.sql')),
  );
  return {
    next: source.dependencies.get('next'),
    orm: has(orms),
    auth: has(auths),
    stripe: source.dependencies.has('stripe'),
    migrationsFolder: folder,
  };
}

/** Follows every entry point to its queries. Pure but for reading sources on demand. */
export function interpretApp(
  source: SourceFiles,
  database: DatabaseModel | undefined,
  declarations: Declarations = noDeclarations,
): Interpreted {
  const steps = interpretEntries(source, database, declarations);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The app as every check sees it: entry points, query paths and observations. */
export function buildAppModel(
  source: SourceFiles,
  database: DatabaseModel | undefined,
  declarations: Declarations = noDeclarations,
): AppModel {
  return observedModel(interpretApp(source, database, declarations));
}

/** The same, with a breath between entry points: a signal (Ctrl-C) is heard within one of them. */
export async function buildAppModelInterruptibly(
  source: SourceFiles,
  database: DatabaseModel | undefined,
  declarations: Declarations = noDeclarations,
): Promise<AppModel> {
  const steps = interpretEntries(source, database, declarations);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return observedModel(step.value);
    await setImmediate();
  }
}

function observedModel({ model, ...input }: Interpreted): AppModel {
  const observed = observe(input);
  return { ...model, observations: observed.observations, gaps: [...model.gaps, ...observed.gaps] };
}
