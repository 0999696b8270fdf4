import { nearestNames } from '../core/nearest.ts';
import type { EntryPoint, Path } from '../core/path.ts';
import { compareText, type Place } from '../core/place.ts';
import type { TraceResult } from '../core/result.ts';

/** What a name of the user's picks out of a trace. */
export interface Selection {
  readonly kind: 'entry' | 'table' | 'file' | 'path';
  readonly paths: readonly Path[];
  /** The entry points that were named; some may reach no query. */
  readonly entryPoints: readonly EntryPoint[];
}

/** Finds what a name means: an entry point as printed or as the browser calls it, a table, `file` or `file:line`, the id of a path. */
export function select(result: TraceResult, name: string): Selection | undefined {
  const { paths } = result;
  const byId = paths.filter(path => path.id === name);
  if (byId.length > 0) return { kind: 'path', paths: byId, entryPoints: [] };
  const entryPoints = result.entryPoints.filter(entryPoint => isCalled(entryPoint, name));
  if (entryPoints.length > 0) {
    const names = new Set(entryPoints.map(entryPoint => entryPoint.name));
    return { kind: 'entry', paths: paths.filter(path => names.has(path.entryPoint.name)), entryPoints };
  }
  const table = paths.filter(path => isTable(path.sink.table, name));
  if (table.length > 0) return { kind: 'table', paths: table, entryPoints: [] };
  return inFile(result, name);
}

/** Names that the user may have meant. */
export function suggestions(result: TraceResult, name: string): readonly string[] {
  const names = [
    ...result.entryPoints.map(entryPoint => entryPoint.name),
    ...result.paths.flatMap(path => [path.sink.table, path.sink.file]),
  ];
  return nearestNames(name, names);
}

function isCalled(entryPoint: EntryPoint, wanted: string): boolean {
  const name = entryPoint.name.replace(/ \([^)]*\)$/, '');
  const called = /^([A-Z]+|page|layout|metadata) (\/\S*)$/.exec(name);
  const route = entryPoint.route ?? called?.[2];
  const method = entryPoint.method ?? (called?.[1] === called?.[1]?.toUpperCase() ? called?.[1] : undefined);
  if ([entryPoint.name, name, route, entryPoint.symbol === 'default' ? undefined : entryPoint.symbol].includes(wanted))
    return true;
  // An action or tool by its last name: `#save`.
  if (wanted.startsWith('#') && name.endsWith(wanted)) return true;
  const request = /^([A-Za-z]+) (\/\S*)$/.exec(wanted);
  const url = request?.[2] ?? (wanted.startsWith('/') ? wanted : undefined);
  if (url === undefined || route === undefined) return false;
  const isMethod = request === null || method === undefined || method === 'ANY' || method === request[1]?.toUpperCase();
  return isMethod && matchesRoute(route, url.replace(/[?#].*$/, ''));
}

/** `/api/orders/42` is answered by `/api/orders/[id]`. */
function matchesRoute(route: string, url: string): boolean {
  const pattern = route
    .split('/')
    .map(part => {
      if (/^\[{1,2}\.\.\./.test(part)) return '.*';
      return /^\[.*\]$/.test(part) || part.startsWith(':') ? '[^/]+' : part.replaceAll(/[^\w-]/g, String.raw`\$&`);
    })
    .join('/');
  return new RegExp(`^${pattern}/?$`).test(url);
}

function isTable(table: string, name: string): boolean {
  const [wanted, full] = [name.toLowerCase(), table.toLowerCase()];
  return full === wanted || full === `public.${wanted}` || full.endsWith(`.${wanted}`);
}

function inFile(result: TraceResult, name: string): Selection | undefined {
  const match = /^(?:\.\/)?(.+?)(?::(\d+))?$/.exec(name);
  const file = match?.[1];
  if (file === undefined) return undefined;
  const line = match?.[2] === undefined ? undefined : Number(match[2]);
  const isHere = (place: Place): boolean =>
    (place.file === file || place.file.endsWith(`/${file}`)) &&
    (line === undefined || (line >= place.line && line <= (place.endLine ?? place.line)));
  const paths = result.paths.filter(path => [path.entryPoint, path.sink, ...path.steps].some(isHere));
  const entryPoints = result.entryPoints.filter(isHere);
  if (paths.length === 0 && entryPoints.length === 0) return undefined;
  return { kind: 'file', paths, entryPoints: entryPoints.toSorted((a, b) => compareText(a.name, b.name)) };
}
