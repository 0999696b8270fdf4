import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SourceFiles } from '../collect/source/read-source.ts';
import {
  configNames,
  noConfig,
  readConfig,
  type Config,
  type Declared,
  type DeclaredHop,
} from '../config/read-config.ts';
import { didYouMean } from '../core/nearest.ts';
import type { Place } from '../core/place.ts';
import type { EntryPoint } from '../core/path.ts';
import type { ConfigProblem } from '../core/suppression.ts';
import { sqlName } from '../logic/closure.ts';
import { findDeclared, type Declarations } from '../model/app/declared.ts';
import type { AppModel } from '../model/app/types.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyHints } from '../model/tenancy/infer.ts';
import type { OwnerHop, TenancyModel } from '../model/tenancy/types.ts';

/** The configuration of an app: the first of the folders that has one. Read, never run. */
export function loadConfig(folders: readonly string[]): Config {
  for (const folder of new Set(folders)) {
    const name = configNames.find(each => existsSync(join(folder, each)));
    if (name !== undefined) return readConfig(name, readFileSync(join(folder, name), 'utf8'));
  }
  return noConfig;
}

/** The sources without the folders in which no entry points are looked for; what is outside still reaches into them. */
export function withoutIgnored(source: SourceFiles, { ignore }: Config): SourceFiles {
  if (ignore.length === 0) return source;
  const folders = ignore.map(({ value }) => value.replace(/^\.\//, '').replace(/\/(?:\*\*?\/?\*?)?$/, ''));
  const isIgnored = (path: string): boolean => folders.some(folder => path === folder || path.startsWith(`${folder}/`));
  return { ...source, paths: source.paths.filter(path => !isIgnored(path)) };
}

/** The functions that the configuration declares, found in the sources. */
export function declaredFunctions(config: Config, source: SourceFiles): Declarations {
  return findDeclared(config.guards, config.principals, source);
}

/** The configuration as what the inference of tenancy understands, and what of it names nothing. */
export function tenancyHints(
  { tenancy, publicTables }: Config,
  database: DatabaseModel,
): { readonly hints: TenancyHints; readonly problems: readonly ConfigProblem[] } {
  const names = new Map(database.tables.map(table => [sqlName(table), table.columns.map(column => column.name)]));
  const problems: ConfigProblem[] = [];
  const isTable = ({ place }: Declared<unknown>, name: string): boolean => {
    if (names.has(name)) return true;
    problems.push({
      ...place,
      kind: 'unused-declaration',
      message: `There is no table '${name}'.${didYouMean(name, names.keys())}`,
    });
    return false;
  };
  const hasColumn = ({ place }: Declared<unknown>, table: string, column: string): boolean => {
    const columns = names.get(table) ?? [];
    if (columns.includes(column)) return true;
    problems.push({
      ...place,
      kind: 'unused-declaration',
      message: `'${table}' has no column '${column}'.${didYouMean(column, columns)}`,
    });
    return false;
  };
  const table = (declared: Declared<string> | undefined): string | undefined =>
    declared !== undefined && isTable(declared, declared.value) ? declared.value : undefined;
  const columnsOf = (declared: readonly Declared<readonly string[]>[]): Readonly<Record<string, readonly string[]>> =>
    Object.fromEntries(
      declared
        .filter(each => isTable(each, each.name))
        .map(each => [each.name, each.value.filter(column => hasColumn(each, each.name, column))]),
    );
  const owners = tenancy.owners.filter(
    each =>
      isTable(each, each.name) &&
      hasColumn(each, each.name, each.value.column) &&
      leadsSomewhere(each, isTable, hasColumn),
  );
  const [root, principal] = [table(tenancy.root), table(tenancy.users)];
  const hints: TenancyHints = {
    ...(root === undefined ? {} : { root }),
    ...(principal === undefined ? {} : { principal }),
    ...(tenancy.memberships === undefined
      ? {}
      : { memberships: tenancy.memberships.filter(each => isTable(each, each.value)).map(each => each.value) }),
    shared: Object.fromEntries(
      publicTables.filter(each => isTable(each, each.name)).map(each => [each.name, each.value]),
    ),
    tenantColumns: Object.fromEntries(
      owners.filter(each => each.value.to === undefined).map(each => [each.name, each.value.column]),
    ),
    hops: Object.fromEntries(owners.flatMap(hopOf)),
    secretColumns: columnsOf(tenancy.secretColumns),
    openColumns: columnsOf(tenancy.openColumns),
  };
  return { hints, problems };
}

type Asks = (declared: Declared<unknown>, table: string, column: string) => boolean;

function leadsSomewhere(
  declared: Declared<DeclaredHop>,
  isTable: (declared: Declared<unknown>, name: string) => boolean,
  hasColumn: Asks,
): boolean {
  const { to } = declared.value;
  return to === undefined || (isTable(declared, to.table) && hasColumn(declared, to.table, to.column));
}

function hopOf({ name, value }: Declared<DeclaredHop>): readonly (readonly [string, OwnerHop])[] {
  return value.to === undefined
    ? []
    : [[name, { column: value.column, table: value.to.table, referencedColumn: value.to.column }]];
}

/** Entry points that everybody may call, with the reason; and declarations that name none. */
export function publicEntries(
  { publicEntries: declared }: Config,
  entryPoints: readonly EntryPoint[],
): { readonly reasons: ReadonlyMap<string, string>; readonly problems: readonly ConfigProblem[] } {
  const reasons = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const each of declared) {
    const named = entryPoints.filter(entryPoint => isCalled(entryPoint, each.name));
    for (const entryPoint of named) reasons.set(entryPoint.name, each.value);
    if (named.length === 0)
      problems.push({
        ...each.place,
        kind: 'unused-declaration',
        message: `No entry point is called '${each.name}'.${didYouMean(
          each.name,
          entryPoints.map(entryPoint => entryPoint.name),
        )}`,
      });
  }
  return { reasons, problems };
}

function isCalled({ name, route, method }: EntryPoint, wanted: string): boolean {
  // In a workspace, the app's folder follows in brackets.
  const plain = name.replace(/ \([^)]*\)$/, '');
  return wanted === name || wanted === plain || wanted === route || wanted === `${method ?? ''} ${route ?? ''}`.trim();
}

/** Declarations that were found and did nothing. */
export function idleDeclarations(
  config: Config,
  app: AppModel | undefined,
  tenancy: TenancyModel,
  told: readonly ConfigProblem[],
): readonly ConfigProblem[] {
  const owned = new Map(tenancy.owners.map(owner => [owner.table, owner]));
  const hops = config.tenancy.owners
    .filter(({ name }) => owned.has(name) && owned.get(name)?.confidence !== 'declared')
    .map(({ name, place }): ConfigProblem => ({
      ...place,
      kind: 'unused-declaration',
      message: `The way that is declared for '${name}' leads to no tenant.`,
    }));
  if (app === undefined) return hops;
  const used = new Set(app.declared?.used);
  const unclear = new Set(app.declared?.unclear);
  const isTold = ({ line }: Place): boolean => told.some(problem => problem.line === line);
  const idle = [...config.guards, ...config.principals]
    .filter(({ place }) => !isTold(place))
    .flatMap(({ name, place }): readonly ConfigProblem[] => {
      if (unclear.has(name))
        return [
          {
            ...place,
            kind: 'unused-declaration',
            message: `'${name}' returns an object when it refuses as well. Say when it lets its caller go on: when: 'result.ok'.`,
          },
        ];
      return used.has(name)
        ? []
        : [{ ...place, kind: 'unused-declaration', message: `Nothing that was traced calls '${name}'. Take it away.` }];
    });
  return [...hops, ...idle];
}
