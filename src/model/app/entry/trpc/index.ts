import { handlerValue } from '../../calls.ts';
import type { Handler } from '../../machine.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { mountHandlers } from './mounts.ts';
import { builderValue, middlewareValue } from './procedure.ts';
import { callerFactory, callerValue, lazyValue, mergedRouters, routerValue } from './router.ts';
import { runUnmounted } from './unmounted.ts';

/** `initTRPC.context<…>().meta<…>().create(…)`: whatever comes between, the last call makes the builders. */
const initialise: Handler = call => {
  const receiver = call.machine.memory.get('receiver');
  const callee =
    typeof receiver === 'object' && receiver !== null && 'receiver' in receiver
      ? (receiver.receiver as Extract<Value, { kind: 'external' }>)
      : undefined;
  const path = callee?.path.replaceAll('()', '') ?? '';
  if (/^initTRPC\b.*\.create$/.test(path)) {
    const { file } = call.frame.module;
    call.machine.remember('files that make procedures', () => new Set<string>()).add(file);
    return buildersValue(file);
  }
  if (path === 'experimental_standaloneMiddleware.create') return middlewareValue(call.arguments.slice(0, 1));
  if (path === 'lazy' || path === 'experimental_lazy') return lazyValue(call.arguments[0] ?? undefinedValue);
  if (path === 'callTRPCProcedure') return call.machine.opaque(call.frame, call.at, 'a procedure called by its path');
  return { kind: 'external', library: '@trpc/server', path: `${callee?.path ?? path}()`, arguments: [] };
};

function buildersValue(file: string): Value {
  const made = (name: string, make: (values: readonly Value[]) => Value): Value =>
    handlerValue(name, `trpc ${name} ${file}`, call => make(call.arguments));
  return objectOf({
    router: made('router', ([definition]) => routerValue(definition)),
    mergeRouters: made('mergeRouters', mergedRouters),
    middleware: made('middleware', values => middlewareValue(values.slice(0, 1))),
    createCallerFactory: made('createCallerFactory', ([router]) => callerFactory(router)),
    procedure: builderValue([]),
    _config: objectOf({}),
  });
}

/** `createHydrationHelpers(caller, getClient)`: the caller under another name. */
const hydration: Handler = call =>
  objectOf({
    trpc: call.arguments[0] ?? undefinedValue,
    HydrateClient: { kind: 'external', library: '@trpc/react-query', path: 'HydrateClient', arguments: [] },
  });

/** `createServerSideHelpers({ router, ctx })`. */
const helpers: Handler = call => {
  const [options] = call.arguments;
  if (options?.kind !== 'object') return call.machine.opaque(call.frame, call.at, 'helpers of a router');
  return callerValue(options.fields.get('router') ?? undefinedValue, options.fields.get('ctx') ?? objectOf({}));
};

const trpcHandlers: Readonly<Record<string, Handler>> = {
  '@trpc/server#*': initialise,
  '@trpc/react-query/rsc#createHydrationHelpers': hydration,
  '@trpc/react-query/server#createServerSideHelpers': helpers,
  '@trpc/react-query/ssg#createProxySSGHelpers': helpers,
  ...mountHandlers,
};

/** tRPC: builders of procedures and routers, the places that serve them, and callers on the server. */
export const trpc: EntryAdapter = {
  handlers: trpcHandlers,
  find: machine => [{ turn: 'rest', run: () => runUnmounted(machine) }],
};
