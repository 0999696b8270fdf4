import { isProgram } from '../../../../collect/source/files.ts';
import type { Expression, ModuleCode } from '../../../../collect/source/ir.ts';
import { evaluate, exportNames, exportValue, moduleFrame } from '../../expressions.ts';
import { Frame, type Call, type Machine } from '../../machine.ts';
import { isBottom } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import { walkModule } from '../../walk.ts';
import { platformRequest } from '../../library/requests.ts';
import { contextFrom, mountingPackages } from './mounts.ts';
import { proceduresOf, routerOf, runProcedureEntry, type RouterNative } from './router.ts';

/** Runs the procedures that no mount reached: a server of its own serves them, or a file that was not followed. */
export function runUnmounted(machine: Machine): readonly EntryRun[] {
  const paths = machine.source.paths.filter(path => isProgram(path));
  if (!paths.some(path => /['"]@trpc\/server['"]/.test(machine.source.text(path) ?? ''))) return [];
  const modules = paths
    .filter(path =>
      /\.(?:query|mutation|subscription)\(|mergeRouters|[rR]outer\(/.test(machine.source.text(path) ?? ''),
    )
    .map(path => machine.source.module(path))
    .filter(module => module !== undefined);
  const routers = outermost(machine, modules);
  const ran = machine.remember('procedures that ran', () => new Set<string>());
  const runs: EntryRun[] = [];
  for (const { router, module } of routers) {
    const call = callIn(machine, module);
    const missing = proceduresOf(call, router).filter(([, procedure]) => !ran.has(procedure.key));
    if (missing.length === 0) continue;
    const context = contextOf(call, paths);
    for (const [path, procedure] of missing) runProcedureEntry(call, path, procedure, context);
    const entryPoint = { kind: 'procedure', name: 'trpc', file: module.file, line: 1, symbol: '' } as const;
    runs.push({ entryPoint, effects: call.frame.effects, results: [], facts: [] });
  }
  return runs;
}

/** Routers that modules export, without those that others contain. */
function outermost(
  machine: Machine,
  modules: readonly ModuleCode[],
): readonly { readonly router: Value; readonly module: ModuleCode }[] {
  const found = new Map<
    string,
    { readonly router: Value; readonly native: RouterNative; readonly module: ModuleCode }
  >();
  for (const module of modules) {
    for (const name of exportNames(machine, module)) {
      const router = exportValue(machine, module, name);
      const native = routerOf(router);
      if (native !== undefined && !found.has(native.key)) found.set(native.key, { router, native, module });
    }
  }
  const contained = new Set<string>();
  const note = (router: RouterNative, depth: number): void => {
    for (const route of depth > 8 ? [] : router.routes.values()) {
      const inner = routerOf(route);
      if (inner === undefined) continue;
      contained.add(inner.key);
      note(inner, depth + 1);
    }
  };
  for (const { native } of found.values()) note(native, 0);
  return [...found.values()].filter(({ native }) => !contained.has(native.key));
}

function callIn(machine: Machine, module: ModuleCode): Call {
  const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
  return { machine, frame, arguments: [], at: 0, end: 0 };
}

/** The context of a mount somewhere else, of a function by the usual name, or one that is not known. */
function contextOf(call: Call, paths: readonly string[]): Value {
  const { machine, frame } = call;
  const request = platformRequest(undefined);
  const opened = objectOf({ req: request, res: undefinedValue, headers: requestHeaders, resHeaders: undefinedValue });
  for (const create of creators(machine, paths)) {
    const before = frame.save();
    const context = contextFrom(call, create, [opened, request]);
    const isUsable = !isBottom(context) && !frame.dead;
    if (!isUsable) frame.restore(before);
    if (isUsable) return context;
  }
  return machine.opaque(frame, 0, 'the context of procedures that nothing mounts');
}

const requestHeaders: Value = {
  kind: 'term',
  term: { kind: 'client', path: 'header' },
  maybeUndefined: false,
  truthy: true,
};

function creators(machine: Machine, paths: readonly string[]): readonly Value[] {
  const found: Value[] = [];
  for (const path of paths) {
    const text = machine.source.text(path) ?? '';
    const module = text.includes('createContext') ? machine.source.module(path) : undefined;
    if (module?.imports.some(declaration => mountingPackages.test(declaration.specifier)) !== true) continue;
    walkModule(module, (expression, name) => {
      if (name === 'createContext' && isPlain(expression))
        found.push(evaluate(machine, moduleFrame(machine, module), expression));
    });
  }
  for (const file of machine.remember('files that make procedures', () => new Set<string>())) {
    const module = machine.source.module(file);
    if (module === undefined) continue;
    for (const name of exportNames(machine, module))
      if (/^create\w*context$/i.test(name)) found.push(exportValue(machine, module, name));
  }
  return found;
}

/** A name of the module, or a function that needs nothing around it. */
function isPlain(expression: Expression): boolean {
  if (expression.kind === 'name') return expression.binding.owner === undefined;
  return expression.kind === 'function' && expression.code.captures.size === 0;
}
