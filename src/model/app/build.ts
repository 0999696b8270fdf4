import { setImmediate } from 'node:timers/promises';

import { openingDirective } from '../../collect/source/outline.ts';
import type { SourceFiles } from '../../collect/source/read-source.ts';
import type { EntryPoint } from '../../core/path.ts';
import { comparePlaces, compareText } from '../../core/place.ts';
import type { Gap } from '../../core/gap.ts';
import type { DatabaseModel } from '../database/types.ts';
import { noDeclarations, type Declarations, type DeclaredFunction } from './declared.ts';
import { findEntries, findTools, type Entry } from './entry-points.ts';
import { honoHandlers, runHono } from './entry/hono/index.ts';
import { findJobs, jobHandlers, runJobs } from './entry/jobs/index.ts';
import { mcpHandlers } from './entry/mcp/index.ts';
import { webhookHandlers } from './entry/webhooks/index.ts';
import { orpcHandlers } from './entry/orpc/index.ts';
import { runRouteModules } from './entry/remix/index.ts';
import { tsRestHandlers } from './entry/ts-rest/index.ts';
import { zsaHandlers } from './entry/zsa/index.ts';
import { trpcHandlers } from './entry/trpc/index.ts';
import { runUnmounted } from './entry/trpc/unmounted.ts';
import type { ObserveInput } from './events.ts';
import { drizzleHandlers } from './library/drizzle.ts';
import { platformHandlers } from './library/platform.ts';
import { prismaRawHandlers } from './library/prisma-raw.ts';
import { prismaHandlers } from './library/prisma.ts';
import { safeActionHandlers } from './library/safe-actions.ts';
import { identityHandlers } from './library/identity/index.ts';
import { storeHandlers } from './library/stores.ts';
import { knexHandlers } from './library/knex.ts';
import { kyselyHandlers } from './library/kysely.ts';
import { pgHandlers } from './library/pg.ts';
import { sqlTagHandlers } from './library/sql-tags.ts';
import { proxyHandlers } from './library/proxies.ts';
import { supabaseHandlers } from './library/supabase.ts';
import { knownTools, toolHandlers, toolNames, type KnownTool } from './library/tools.ts';
import { unmodelledLibraries } from './library/unmodelled.ts';
import { zodHandlers } from './library/zod.ts';
import { Machine, type Effect, type Handler } from './machine.ts';
import { inlinedEnvironment, moduleInfo, outlineInfo, textualQueries } from './modules.ts';
import { observe } from './observe/index.ts';
import { Flattening } from './paths.ts';
import { runEntry } from './run-entry.ts';
import type { AppFramework, AppModel, Fact, QueryPath } from './types.ts';

/** The models of all libraries, by package and path. */
function allHandlers(): ReadonlyMap<string, Handler> {
  const libraries = [
    platformHandlers,
    identityHandlers,
    storeHandlers,
    safeActionHandlers,
    zodHandlers,
    drizzleHandlers,
    prismaHandlers,
    prismaRawHandlers,
    proxyHandlers,
    supabaseHandlers,
    pgHandlers,
    sqlTagHandlers,
    kyselyHandlers,
    knexHandlers,
    toolHandlers,
    trpcHandlers,
    honoHandlers,
    orpcHandlers,
    jobHandlers,
    mcpHandlers,
    webhookHandlers,
    tsRestHandlers,
    zsaHandlers,
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
  const entries = findEntries(source);
  noteTools(machine, source);
  findJobs(machine);
  const flattening = new Flattening(machine);
  const entryPoints = new Map<string, EntryPoint>();
  const layouts = new Map<string, readonly Fact[]>();
  // Layouts first, for what they check; inline actions last, in case their page makes them.
  const rank = (entry: Entry): number => (entry.entryPoint.kind === 'layout' ? 0 : entry.code === undefined ? 1 : 2);
  const ordered = entries.toSorted((left, right) => rank(left) - rank(right));
  for (const entry of ordered) {
    const inline = machine.foundEntries.get(entry.entryPoint.name);
    entryPoints.set(entry.entryPoint.name, entry.entryPoint);
    if (entry.code !== undefined && inline !== undefined) continue;
    const above = entry.entryPoint.kind === 'page' ? layoutFacts(entry, layouts) : [];
    const run = machine.withinEntry(() => runEntry(machine, entry, above));
    if (entry.entryPoint.kind === 'layout') layouts.set(entry.entryPoint.file, run.normalFacts);
    const entryPoint = refined(entry.entryPoint, run.effects);
    entryPoints.set(entryPoint.name, entryPoint);
    flattening.add({ ...run, entryPoint });
    yield;
  }
  for (const run of [...runHono(machine), ...runRouteModules(machine), ...runUnmounted(machine), ...runJobs(machine)])
    flattening.add(run);
  for (const entryPoint of machine.foundEntries.values()) entryPoints.set(entryPoint.name, entryPoint);
  for (const entryPoint of toolsOf(machine)) entryPoints.set(entryPoint.name, entryPoint);
  const { queries, events } = flattening.result();
  const points = [...entryPoints.values()].toSorted(
    (left, right) => comparePlaces(left, right) || compareText(left.name, right.name),
  );
  const modules = sourceModules(source).toSorted((left, right) => compareText(left.file, right.file));
  const gaps = [...source.gaps(), ...machine.gaps, ...unmodelledLibraries(source.loaded())].toSorted(compareGaps);
  const loaded = source.loaded();
  const textual = new Set(loaded.flatMap(textualQueries));
  for (const site of machine.reachedSites) textual.add(site);
  const model: AppModel = {
    framework: frameworkOf(source),
    entryPoints: points,
    queries: queries.toSorted(compareQueries),
    observations: [],
    declared: { used: namesOf(machine.usedDeclarations), unclear: namesOf(machine.unclearDeclarations) },
    gaps,
    files: loaded.length + source.outlined().length,
    querySites: { reached: machine.reachedSites.size, textual: textual.size },
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

function noteTools(machine: Machine, source: SourceFiles): void {
  const names = machine.remember(toolNames, () => new Map<string, string>());
  const tools = machine.remember(knownTools, () => new Map<string, KnownTool>());
  for (const path of source.paths) {
    if (!/\.[cm]?[jt]sx?$/.test(path)) continue;
    const text = source.text(path) ?? '';
    if (!/from\s+['"]ai['"]/.test(text)) continue;
    const module = source.module(path);
    for (const found of module === undefined ? [] : findTools(module)) {
      names.set(`${path}:${found.at}`, found.name);
      if (module === undefined) continue;
      const line = text.slice(0, found.at).split('\n').length;
      const entryPoint: EntryPoint = {
        kind: 'tool',
        name: `tool ${path}#${found.name}`,
        file: path,
        line,
        symbol: found.name,
      };
      tools.set(entryPoint.name, { entryPoint, ran: false });
    }
  }
}

function toolsOf(machine: Machine): readonly EntryPoint[] {
  const tools = machine.remember(knownTools, () => new Map<string, KnownTool>());
  for (const { entryPoint, ran } of tools.values()) {
    if (!ran)
      machine.gap(`Nothing was found that runs '${entryPoint.symbol}'; its queries were not judged.`, entryPoint);
  }
  return [...tools.values()].map(known => known.entryPoint);
}

/** What the layouts above a page check: nothing that guards the page, but worth saying. */
function layoutFacts(entry: Entry, layouts: ReadonlyMap<string, readonly Fact[]>): readonly Fact[] {
  const folder = entry.entryPoint.file.slice(0, entry.entryPoint.file.lastIndexOf('/'));
  return [...layouts].flatMap(([file, facts]) => {
    const above = file.slice(0, file.lastIndexOf('/'));
    return folder === above || folder.startsWith(`${above}/`) ? facts : [];
  });
}

/** A handler that verifies events is a webhook wherever it stands. */
function refined(entryPoint: EntryPoint, effects: readonly Effect[]): EntryPoint {
  if (entryPoint.kind !== 'route-handler') return entryPoint;
  return calls(effects, event => event.kind === 'call' && /constructEvent|Webhook\.verify/.test(event.callee))
    ? { ...entryPoint, kind: 'webhook' }
    : entryPoint;
}

function calls(
  effects: readonly Effect[],
  test: (event: Extract<Effect, { kind: 'event' }>['event']) => boolean,
): boolean {
  return effects.some(effect =>
    effect.kind === 'call' ? calls(effect.effects, test) : effect.kind === 'event' && test(effect.event),
  );
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
