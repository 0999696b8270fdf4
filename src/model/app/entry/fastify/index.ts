import { isProgram } from '../../../../collect/source/files.ts';
import { evaluateModule, moduleFrame } from '../../expressions.ts';
import { clientValue } from '../../library/platform.ts';
import { responderValue } from '../../library/requests.ts';
import { applySchema } from '../../library/zod.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { behaviourOf, Frame, nativeValue, type Call, type Handler, type Machine } from '../../machine.ts';
import { bottom } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import { present, undefinedValue, type Value } from '../../value.ts';
import type { FunctionClosure } from '../../machine.ts';
import type { EntryAdapter } from '../adapter.ts';
import { distinctName, runFound } from '../found.ts';
import { callChanging } from '../server/changing.ts';
import { runMakers } from '../server/makers.ts';
import { kindOfRoute } from '../server/registry.ts';
import { nodeRequest, withWritten } from '../server/request.ts';
import { parametersIn } from '../server/route-path.ts';
import { answered } from '../server/run.ts';
import { hooksOf, makeInstance, sharedPlugin, toldTo, type FastifyRoute } from './instance.ts';

// Runs -----------------------------------------------------------------------------------------------------------------

/** Runs a route: each hook with what those before it wrote onto the request, then the handler. */
function runRoute(call: Call, route: FastifyRoute, method: string | undefined, id: string): Value {
  const hooks = hooksOf(route);
  const step = (inner: Call, index: number, request: Value): Value => {
    const { machine, frame } = inner;
    const hook = hooks[index];
    if (hook === undefined) {
      const result = callChanging(inner, route.handler, [request, responderValue(machine)]);
      if (result !== undefined) answered(inner, result.value);
      return undefinedValue;
    }
    if (hook.kind !== 'function' && hook.kind !== 'native') return step(inner, index + 1, request);
    if (!takesDone(hook)) {
      const after = callChanging(inner, hook, [request, stopping(responderValue(machine))]);
      if (after === undefined) frame.dead = true;
      return after === undefined ? bottom : step(inner, index + 1, after.arguments[0] ?? request);
    }
    // With `done` the rest runs inside, where the hook calls it: with an error it never does.
    const done = handlerValue('done', `done ${id} ${index}`, following => {
      const [error] = following.arguments;
      const isError = error !== undefined && !(error.kind === 'constant' && !error.value);
      return isError ? undefinedValue : step(following, index + 1, requestIn(following.frame) ?? request);
    });
    const isLong = (hook.kind === 'function' ? parameterCount(hook) : 3) > 3;
    const given = isLong
      ? [request, responderValue(machine), undefinedValue, done]
      : [request, responderValue(machine), done];
    callValue(machine, frame, hook, given, { at: inner.at, end: inner.end });
    return undefinedValue;
  };
  const known = { method, parameters: parametersIn(route.path), route: route.path };
  const request = nodeRequest(known);
  return step(call, 0, withWritten(request, checkedParts(call, route.schema)));
}

function requestIn(frame: Frame): Value | undefined {
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    const [first] = current.code?.parameters ?? [];
    const value = first?.kind === 'name' ? current.vars.get(first.binding) : undefined;
    if (value?.kind === 'native' && value.native.name === 'request') return value;
  }
  return undefined;
}

function parameterCount(value: Extract<Value, { kind: 'function' }>): number {
  return (value.closure as FunctionClosure).code.parameters.length;
}

/** `(request, reply, done) => …`. */
function takesDone(hook: Value): boolean {
  return hook.kind === 'function' && !(hook.closure as FunctionClosure).code.isAsync && parameterCount(hook) > 2;
}

/** The answer inside a hook: once it is sent, nothing after it runs. */
function stopping(responder: Value): Value {
  if (responder.kind !== 'native') return responder;
  const native = behaviourOf(responder);
  return nativeValue({
    ...native,
    key: `stopping ${native.key}`,
    method: (name, call) => {
      const result = native.method?.(name, call);
      if (!/^(?:send|redirect|json|end)$/.test(name)) return result === undefined ? undefined : stopping(result);
      call.frame.dead = true;
      return bottom;
    },
  });
}

// Schemas --------------------------------------------------------------------------------------------------------------

const parts: readonly (readonly [string, string, string])[] = [
  ['body', 'body', 'body'],
  ['querystring', 'query', 'query'],
  ['query', 'query', 'query'],
  ['params', 'params', 'params'],
];

/** The parts of a request that a schema checked before the handler runs. */
function checkedParts(call: Call, schema: Value | undefined): ReadonlyMap<string, Value> {
  const checked = new Map<string, Value>();
  if (schema?.kind !== 'object') return checked;
  for (const [part, field, path] of parts) {
    const wanted = schema.fields.get(part);
    if (wanted?.kind === 'native') checked.set(field, applySchema(call, wanted, present({ kind: 'client', path })));
    const value = wanted?.kind === 'object' ? jsonSchema(wanted, path) : undefined;
    if (value !== undefined) checked.set(field, value);
  }
  return checked;
}

/** `{ type: 'object', required: ['id'], properties }`: what is required is there. */
function jsonSchema(schema: Extract<Value, { kind: 'object' }>, path: string): Value | undefined {
  const properties = schema.fields.get('properties');
  const required = schema.fields.get('required');
  if (properties?.kind !== 'object') return undefined;
  const names = required?.kind === 'array' ? required.items : [];
  const isRequired = (name: string): boolean => names.some(item => item.kind === 'constant' && item.value === name);
  const fields = [...properties.fields.keys()].map((name): [string, Value] => {
    const term = { kind: 'client', path: `${path}.${name}` } as const;
    return [name, isRequired(name) ? present(term) : { kind: 'term', term, maybeUndefined: true }];
  });
  return { kind: 'object', fields: new Map(fields), spread: [clientValue(path)] };
}

// The adapter ----------------------------------------------------------------------------------------------------------

function* runFastify(machine: Machine): Generator<EntryRun> {
  const paths = machine.source.paths.filter(
    path => isProgram(path) && /['"]fastify['"]/.test(machine.source.text(path) ?? ''),
  );
  for (const path of paths) {
    const module = machine.source.module(path);
    if (module !== undefined) evaluateModule(machine, module);
  }
  runMakers(machine, paths, /\bfastify\s*(?:<[^()]*>)?\(/i);
  for (const [position, route] of toldTo(machine).routes.entries()) {
    const module = machine.source.module(route.place.file);
    if (module === undefined) continue;
    const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
    const call: Call = { machine, frame, arguments: [], at: 0, end: 0 };
    for (const method of route.methods ?? [undefined]) {
      const label = `${method ?? 'ANY'} ${route.path}`;
      const entryPoint = {
        kind: kindOfRoute(route.path),
        name: distinctName(machine, label, route.place),
        ...route.place,
        symbol: label,
        route: route.path,
        ...(method === undefined ? {} : { method }),
      };
      runFound(call, entryPoint, inner => runRoute(inner, route, method, `fastify ${position} ${method ?? ''}`));
    }
    const entryPoint = { kind: 'route-handler', name: 'fastify', ...route.place, symbol: '' } as const;
    yield { entryPoint, effects: frame.effects, results: [], facts: [] };
  }
}

const newServer: Handler = call => makeInstance(call, undefined, '');
const shared: Handler = ({ arguments: [plugin = undefinedValue] }) => sharedPlugin(plugin);

/** Fastify: instances with their prefixes, hooks and decorations, and the routes that are told to them. */
export const fastify: EntryAdapter = {
  handlers: {
    'fastify#fastify': newServer,
    'fastify#': newServer,
    'fastify#default': newServer,
    'fastify#Fastify': newServer,
    'fastify-plugin#fastify-plugin': shared,
    'fastify-plugin#fastifyPlugin': shared,
    'fastify-plugin#fp': shared,
  },
  find: machine => [{ turn: 'server', run: () => runFastify(machine) }],
};
