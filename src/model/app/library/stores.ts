import { callValue } from '../calls.ts';
import { nativeValue, type Handler } from '../machine.ts';
import { undefinedValue } from '../value.ts';

/**
 * A store that follows the request: `run(value, work)` holds the value for everything that the work calls, and
 * `getStore()` gives it (https://nodejs.org/api/async_context.html).
 */
const asyncLocalStorage: Handler = call => {
  const { file, line } = call.machine.place(call.frame, call.at);
  const name = `store ${file}:${line}:${call.at}`;
  return nativeValue({
    name: 'store',
    key: name,
    method: (method, inner) => {
      const { machine, frame } = inner;
      const [first = undefinedValue, work, ...values] = inner.arguments;
      switch (method) {
        case 'run': {
          const before = machine.stores;
          machine.setStores(new Map([...before, [name, first]]));
          const result = callValue(machine, frame, work ?? undefinedValue, values, { at: inner.at, end: inner.end });
          machine.setStores(before);
          return result;
        }
        case 'enterWith':
          machine.setStores(new Map([...machine.stores, [name, first]]));
          return undefinedValue;
        case 'exit': {
          const before = machine.stores;
          machine.setStores(new Map([...before].filter(([other]) => other !== name)));
          const result = callValue(machine, frame, first, inner.arguments.slice(1), { at: inner.at, end: inner.end });
          machine.setStores(before);
          return result;
        }
        case 'getStore':
          // Filled by something that was not followed, if at all.
          return machine.stores.get(name) ?? machine.opaque(frame, inner.at, 'what the store of the request holds');
        default:
          return undefined;
      }
    },
  });
};

/** Stores that carry the session from middleware to the code that asks for it. */
export const storeHandlers: Readonly<Record<string, Handler>> = {
  'async_hooks#new AsyncLocalStorage': asyncLocalStorage,
  'async_hooks#new async_hooks.AsyncLocalStorage': asyncLocalStorage,
};
