import { callValue } from '../../calls.ts';
import { peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { contextFrom } from '../trpc/mounts.ts';
import { builderValue, middlewareValue, procedureOf, type ProcedureStyle } from '../trpc/procedure.ts';
import { callerValue, runRouter } from '../trpc/router.ts';

const style: ProcedureStyle = { protocol: 'orpc', context: 'context', finishers: { handler: 'mutation' } };

/** `os`: builds procedures; routers are plain objects of them. */
const builder = builderValue([], undefinedValue, style);

const start: NativeValue = {
  name: 'orpc',
  key: 'orpc',
  method: (name, call) => {
    const [first] = call.arguments;
    if (name === 'middleware') return middlewareValue(call.arguments.slice(0, 1));
    if (name === 'router' || name === 'lazy') return first ?? undefinedValue;
    if (name === '$context' || name === '$config' || name === '$meta' || name === '$route' || name === 'errors')
      return nativeValue(start);
    return builder.kind === 'native' ? (builder.native as NativeValue).method?.(name, call) : undefined;
  },
};

/** `implement(contract)`: a builder for each procedure of the contract, under its path. */
function implementation(contract: Value | undefined): Value {
  const native: NativeValue = {
    name: 'orpc implementation',
    key: `orpc implementation ${contract === undefined ? '' : valueKey(contract)}`,
    member: name => {
      const inner = contract === undefined ? undefined : peekMember(contract, name, true);
      return implementation(inner?.kind === 'constant' ? undefined : inner);
    },
    method: (name, call) => {
      if (name === 'router' || name === 'lazy') return call.arguments[0];
      if (name === '$context' || name === '$config') return nativeValue(native);
      const input =
        contract?.kind === 'native' ? (contract.native as NativeValue & { input?: Value }).input : undefined;
      const made = builderValue(input === undefined ? [] : [{ kind: 'input', schema: input }], undefinedValue, style);
      return made.kind === 'native' ? (made.native as NativeValue).method?.(name, call) : undefined;
    },
  };
  return nativeValue(native);
}

/** `oc.input(schema)`: what a contract says of one procedure. */
function contractValue(input: Value | undefined): Value {
  const native: NativeValue & { readonly input: Value | undefined } = {
    name: 'orpc contract',
    key: `orpc contract ${input === undefined ? '' : valueKey(input)}`,
    input,
    method: (name, call) => {
      if (name === 'router') return call.arguments[0];
      return contractValue(name === 'input' ? call.arguments[0] : input);
    },
  };
  return nativeValue(native);
}

/** `new RPCHandler(router)`: its `handle(request, { context })` runs the procedures. */
const server: Handler = outer => {
  const [router = undefinedValue] = outer.arguments;
  return nativeValue({
    name: 'orpc handler',
    key: `orpc handler ${valueKey(router)}`,
    method: (name, call) => (name === 'handle' || name === 'upgrade' ? handled(call, router) : undefined),
  });
};

function handled(call: Call, router: Value): Value {
  const options = call.arguments.find(argument => argument.kind === 'object' && argument.fields.has('context'));
  const before = call.frame.save();
  const context = options === undefined ? objectOf({}) : peekMember(options, 'context', true);
  runRouter(call, router, context?.kind === 'function' ? contextFrom(call, context, []) : (context ?? objectOf({})));
  call.frame.restore(before);
  const { machine, frame, at, end } = call;
  const place = machine.place(frame, at, end);
  const response: Value = { kind: 'response', status: 200, headers: undefinedValue, body: undefinedValue, place };
  return { kind: 'promise', value: objectOf({ matched: constant(true), response }), facts: [] };
}

/** `createRouterClient(router, { context })`. */
const client: Handler = ({ arguments: [router, options] }) =>
  callerValue(router ?? undefinedValue, options === undefined ? undefined : peekMember(options, 'context', true));

/** `call(procedure, input, { context })`. */
const callDirectly: Handler = call => {
  const [procedure, input, options] = call.arguments;
  const known = procedure === undefined ? undefined : procedureOf(procedure);
  if (known === undefined || procedure === undefined)
    return callValue(call.machine, call.frame, procedure ?? undefinedValue, call.arguments.slice(1), call);
  const context = options === undefined ? undefined : peekMember(options, 'context', true);
  return known.run(call, { context: context ?? objectOf({}), input: input ?? undefinedValue, path: '' });
};

const begin = nativeValue(start);

/** Calls of methods of `os`, which is imported as it is. */
const chained: Handler = call => {
  const receiver = call.machine.memory.get('receiver') as
    | { receiver?: Extract<Value, { kind: 'external' }> }
    | undefined;
  const path = receiver?.receiver?.path.replaceAll('()', '') ?? '';
  const [root = '', name = ''] = path.split('.');
  if (root === 'os' && begin.kind === 'native') return start.method?.(name, call) ?? begin;
  return { kind: 'external', library: '@orpc/server', path: `${path}()`, arguments: [] };
};

const contract: Handler = call => {
  const receiver = call.machine.memory.get('receiver') as
    | { receiver?: Extract<Value, { kind: 'external' }> }
    | undefined;
  const name = receiver?.receiver?.path.split('.').at(-1) ?? '';
  if (name === 'router') return call.arguments[0] ?? undefinedValue;
  return contractValue(name === 'input' ? call.arguments[0] : undefined);
};

const orpcHandlers: Readonly<Record<string, Handler>> = {
  '@orpc/server#*': chained,
  '@orpc/server#implement': ({ arguments: [first] }) => implementation(first),
  '@orpc/server#createRouterClient': client,
  '@orpc/server#call': callDirectly,
  '@orpc/contract#*': contract,
  // What documents a middleware leaves it what it is.
  '@orpc/openapi#oo.spec': ({ arguments: [first] }) => first ?? undefinedValue,
  '@orpc/server/fetch#new RPCHandler': server,
  '@orpc/server/node#new RPCHandler': server,
  '@orpc/openapi/fetch#new OpenAPIHandler': server,
  '@orpc/openapi/node#new OpenAPIHandler': server,
};

/** oRPC: builders, contracts, handlers and clients on the server. */
export const orpc: EntryAdapter = {
  handlers: orpcHandlers,
};
