import { callValue } from '../calls.ts';
import { memberOf } from '../expressions.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { alternativesOf, choose } from '../operations.ts';
import { constant, undefinedValue, type Value } from '../value.ts';

/** `new Proxy(target, { get })`: a client that is made when it is first asked for something. */
const proxy: Handler = call => {
  const [target = undefinedValue, traps] = call.arguments;
  const get = traps?.kind === 'object' ? traps.fields.get('get') : undefined;
  if (get === undefined) return target;
  const native: NativeValue = {
    name: 'proxy',
    key: `proxy ${call.frame.module.file}:${call.at}`,
    inside: [target],
    member: (name, inner) => fieldOf(name, inner),
    method: (name, inner) => {
      const field = fieldOf(name, inner);
      if (field === undefined) return undefined;
      const site = { at: inner.at, end: inner.end, self: nativeValue(native) };
      return callValue(inner.machine, inner.frame, field, inner.arguments, site);
    },
  };
  const fieldOf = (name: string, { machine, frame, at, end }: Call): Value | undefined => {
    const found = callValue(machine, frame, get, [target, constant(name), nativeValue(native)], { at, end });
    const present = alternativesOf(found).filter(({ value }) => !isNothing(value));
    return present.length === 0 ? undefined : choose(present);
  };
  return nativeValue(native);
};

function isNothing(value: Value): boolean {
  return value.kind === 'constant' && (value.value === undefined || value.value === null);
}

const reflectGet: Handler = ({ machine, frame, arguments: [object, name], at }) =>
  object !== undefined && name?.kind === 'constant'
    ? memberOf(machine, frame, object, String(name.value), at, false)
    : machine.opaque(frame, at, 'a field whose name is not known');

/** `remember('db', () => new Client())`: made once, kept over reloads. */
const made: Handler = call => {
  const make = call.arguments.find(argument => argument.kind === 'function');
  return make === undefined
    ? undefinedValue
    : callValue(call.machine, call.frame, make, [], { at: call.at, end: call.end });
};

/** What stands between the program and an object: proxies, reflection, keepers of single instances. */
export const proxyHandlers: Readonly<Record<string, Handler>> = {
  '#new Proxy': proxy,
  '#Reflect.get': reflectGet,
  '@epic-web/remember#remember': made,
};
