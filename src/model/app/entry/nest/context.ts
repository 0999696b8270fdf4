import { responderValue } from '../../library/requests.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import { alternativesOf, choose } from '../../operations.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import { flat, metadataKey, type Said } from './decorators.ts';

/** What a request reaches: the method with what its decorators say, and those of its class. */
export interface Target {
  readonly id: string;
  readonly type: 'http' | 'graphql' | 'rpc' | 'ws';
  readonly handler: readonly Said[];
  readonly class: readonly Said[];
}

interface ContextNative extends NativeValue {
  readonly target: Target;
  readonly request: Value;
}

interface TargetNative extends NativeValue {
  readonly said: readonly Said[];
}

/** The execution context that guards and decorators get; it holds the request as it is by now. */
export function contextValue(machine: Machine, target: Target, request: Value): Value {
  const response = responderValue(machine);
  const native: ContextNative = {
    name: 'execution context',
    key: `nest context ${target.id} ${valueKey(request)}`,
    target,
    request,
    replaced: (from, to) => (from === request ? contextValue(machine, target, to) : undefined),
    method: (name, call) => {
      switch (name) {
        case 'switchToHttp':
        case 'switchToRpc':
        case 'switchToWs':
          return contextValue(machine, target, request);
        case 'getRequest':
        case 'getClient':
        case 'getData':
          return request;
        case 'getResponse':
          return response;
        case 'getContext':
          return objectOf({ req: request, res: response, request });
        case 'getHandler':
          return targetValue(`handler ${target.id}`, target.handler);
        case 'getClass':
          return targetValue(`class ${target.id}`, target.class);
        case 'getType':
          return constant(target.type);
        case 'getArgs':
          return target.type === 'graphql' ? clientArguments : { kind: 'array', items: [request, response] };
        case 'getArgByIndex':
          return call.arguments[0]?.kind === 'constant' && call.arguments[0].value === 0 ? request : response;
        default:
          return undefined;
      }
    },
  };
  return nativeValue(native);
}

const clientArguments: Value = {
  kind: 'term',
  term: { kind: 'client', path: 'args' },
  maybeUndefined: false,
  truthy: true,
};

function targetValue(key: string, said: readonly Said[]): Value {
  const native: TargetNative = { name: 'target', key: `nest ${key}`, said };
  return nativeValue(native);
}

/** The request that a context holds, whichever way the context came about. */
export function requestIn(context: Value | undefined): Value | undefined {
  if (context === undefined) return undefined;
  const found = alternativesOf(context).flatMap(({ value, facts }) =>
    value.kind === 'native' && 'target' in value.native
      ? [{ value: (value.native as ContextNative).request, facts }]
      : [],
  );
  return found.length === 0 ? undefined : choose(found);
}

/** `reflector.get(key, target)`, `getAllAndOverride(key, [method, class])`: what decorators say under the key. */
function reflected(name: string, call: Call): Value | undefined {
  const [key, given] = call.arguments;
  const targets = flat(given).flatMap(value =>
    value.kind === 'native' && 'said' in value.native ? [(value.native as TargetNative).said] : [],
  );
  if (!name.startsWith('get') || targets.length === 0) return undefined;
  const wanted = metadataKey(key);
  const found = targets.flatMap(said =>
    said.flatMap(one => (one.kind === 'metadata' && one.key === wanted ? [one.value] : [])),
  );
  if (name === 'getAll' || name === 'getAllAndMerge') return { kind: 'array', items: found.flatMap(flat) };
  return found[0] ?? undefinedValue;
}

/** The reader of metadata. */
export const reflector: Handler = () => nativeValue({ name: 'reflector', key: 'nest reflector', method: reflected });

/** `GqlExecutionContext.create(context)`: the same, for GraphQL. */
export const sameContext: Handler = ({ arguments: [context = undefinedValue] }) => context;
