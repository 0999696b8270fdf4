import type { EntryPoint } from '../../../core/path.ts';
import type { AppEvent, ModuleInfo, ObserveInput } from '../events.ts';
import type { Observation, QueryPath } from '../types.ts';
import { byEntry } from './by-entry.ts';

type StaticRendering = Extract<Observation, { kind: 'static-rendering' }>;

/** Calls that make Next.js render for each request: whoever reads them cannot be kept for everybody. */
const perRequest =
  /(^|\.)(cookies|headers|draftMode|connection|noStore|unstable_noStore|getSession|getServerSession|getUser|getClaims|currentUser|auth)$/;

/** Pages and routes that are rendered once and kept, although they read rows. */
export function observeStaticRendering(input: ObserveInput): readonly StaticRendering[] {
  const modules = new Map(input.modules.map(module => [module.file, module]));
  const withParams = new Set(
    input.entryPoints.filter(entry => entry.kind === 'static-params').map(entry => entry.file),
  );
  const [events, queries] = [byEntry(input.events), byEntry(input.queries)];
  return input.entryPoints.filter(isRendered).flatMap(entry => {
    const module = modules.get(entry.file);
    const kept = module === undefined ? undefined : howKept(module, withParams.has(entry.file));
    if (kept === undefined || (!kept.forced && usesRequest(events(entry.name), queries(entry.name)))) return [];
    const tables = [...new Set(queries(entry.name).map(path => path.query.table))].toSorted();
    if (tables.length === 0) return [];
    return [
      {
        kind: 'static-rendering',
        place: { file: entry.file, line: kept.line ?? entry.line },
        how: kept.how,
        entryPoint: entry.name,
        tables,
      } as const,
    ];
  });
}

function isRendered(entry: EntryPoint): boolean {
  return entry.kind === 'page' || ((entry.kind === 'route-handler' || entry.kind === 'cron') && entry.symbol === 'GET');
}

/** What in the module asks Next.js to keep the result. `force-static` empties cookies and headers instead of giving way to them. */
function howKept(
  module: ModuleInfo,
  hasStaticParams: boolean,
): { readonly how: string; readonly line: number | undefined; readonly forced: boolean } | undefined {
  const setting = (name: string) => module.settings.find(candidate => candidate.name === name);
  const dynamic = setting('dynamic');
  if (dynamic?.value === 'force-dynamic') return undefined;
  if (dynamic?.value === 'force-static' || dynamic?.value === 'error') {
    return { how: `dynamic = '${dynamic.value}'`, line: dynamic.line, forced: true };
  }
  const revalidate = setting('revalidate');
  if (revalidate !== undefined && revalidate.value !== 0)
    return { how: `revalidate = ${String(revalidate.value)}`, line: revalidate.line, forced: false };
  return hasStaticParams && revalidate === undefined
    ? { how: 'generateStaticParams', line: undefined, forced: false }
    : undefined;
}

function usesRequest(events: readonly AppEvent[], queries: readonly QueryPath[]): boolean {
  return (
    events.some(event => event.kind === 'call' && perRequest.test(event.callee)) ||
    queries.some(path => path.principal !== 'anonymous')
  );
}
