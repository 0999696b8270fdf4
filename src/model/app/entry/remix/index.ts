import { isProgram } from '../../../../collect/source/files.ts';
import { lineOf } from '../../../../collect/source/ir.ts';
import { callValue } from '../../calls.ts';
import { exportNames, exportValue, moduleFrame } from '../../expressions.ts';
import { platformRequest } from '../../library/requests.ts';
import { Frame, nativeValue, type Call, type Machine } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { distinctName, runFound } from '../found.ts';

/** React Router and Remix: every route module exports its own loader and action. */
export const remix: EntryAdapter = { find: machine => [{ turn: 'server', run: () => runRouteModules(machine) }] };

const packages: readonly string[] = [
  '@remix-run/node',
  '@remix-run/react',
  '@remix-run/cloudflare',
  '@react-router/node',
  '@react-router/dev',
];
const extension = /\.[cm]?[jt]sx?$/;
const exported =
  /export\s+(?:const|let|async\s+function|function)\s+(?:loader|action)\b|export\s*\{[^}]*\b(?:loader|action)\b/;

function runRouteModules(machine: Machine): readonly EntryRun[] {
  if (!packages.some(name => machine.source.dependencies.has(name))) return [];
  const runs: EntryRun[] = [];
  for (const path of machine.source.paths) {
    if (!isProgram(path) || !/(?:^|\/)(?:routes|app|pages|modules)\//.test(path)) continue;
    if (!exported.test(machine.source.text(path) ?? '')) continue;
    const run = runModuleOf(machine, path);
    if (run !== undefined) runs.push(run);
  }
  return runs;
}

function runModuleOf(machine: Machine, path: string): EntryRun | undefined {
  const module = machine.source.module(path);
  if (module === undefined) return undefined;
  const names = exportNames(machine, module).filter(name => name === 'loader' || name === 'action');
  const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
  const call: Call = { machine, frame, arguments: [], at: 0, end: 0 };
  const route = routeOfFile(path);
  for (const symbol of names) {
    const value = exportValue(machine, module, symbol);
    for (const { value: callee } of alternativesOf(value)) {
      if (callee.kind !== 'function' && callee.kind !== 'native') continue;
      const place = callee.kind === 'function' ? { file: callee.file, line: callee.line } : { file: path, line: 1 };
      const line = place.file === path ? place.line : lineOf(module, 0);
      const method = symbol === 'loader' ? 'GET' : 'POST';
      const name = distinctName(machine, `${symbol} ${route}`, { file: path, line });
      const entryPoint = { kind: 'route-handler', name, file: path, line, symbol, route, method } as const;
      runFound(call, entryPoint, inner =>
        callValue(machine, inner.frame, callee, [argumentsOf(method)], { at: inner.at, end: inner.end }),
      );
    }
  }
  if (names.length === 0) return undefined;
  const entryPoint = { kind: 'route-handler', name: route, file: path, line: 1, symbol: '' } as const;
  return { entryPoint, effects: frame.effects, results: [], facts: [] };
}

/** `{ request, params, context }`: any parameter of the address may be asked for. */
function argumentsOf(method: string): Value {
  const params = nativeValue({
    name: 'route parameters',
    key: 'route parameters',
    member: name => ({ kind: 'term', term: { kind: 'client', path: `params.${name}` }, maybeUndefined: true }),
  });
  return objectOf({ request: platformRequest(method), params, context: contextValue });
}

const contextValue: Value = { kind: 'external', library: undefined, path: 'loadContext', arguments: [] };

/** The address that a flat or nested file of `routes/` answers to, as well as its name tells. */
function routeOfFile(path: string): string {
  const routes = path.lastIndexOf('routes/');
  const below = (
    routes < 0 ? path.replace(/^.*?(?:^|\/)(?:app|pages|modules)\//, '') : path.slice(routes + 'routes/'.length)
  ).replace(extension, '');
  const parts = below
    .split(/[./+]+/)
    .filter(part => part !== '' && part !== 'index' && part !== 'route' && !part.startsWith('_'))
    .map(part => part.replace(/_$/, '').replace(/^\$$/, '*').replace(/^\$/, ':'));
  return `/${parts.join('/')}`;
}
