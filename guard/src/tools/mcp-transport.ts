import { at } from '../property.ts';
import { isGuardError } from '../errors.ts';
import { currentScope } from '../scope.ts';
import { guardData } from '../tripwire/json.ts';
import type { Tripwire } from '../tripwire/json.ts';
import type { FilledArguments } from './arguments.ts';

type Receive = (message: unknown, extra?: unknown) => void;

/**
 * A transport that refuses calls with an argument that only the scope may fill. The SDK drops arguments that a tool does
 * not declare, so that nobody would notice a model that tries; here they are seen as they were sent.
 */
export function watchedTransport(transport: object, filled: FilledArguments, tripwire?: Tripwire): object {
  return new Proxy(transport, {
    set(target, name, value: unknown) {
      if (name !== 'onmessage' || typeof value !== 'function') return Reflect.set(target, name, value);
      const receive: Receive = (message, extra) => {
        const refusal = refusalOf(message, filled);
        if (refusal === undefined) Reflect.apply(value, target, [message, extra]);
        else void answer(target, refusal, message);
      };
      return Reflect.set(target, name, receive);
    },
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'send' && typeof value === 'function' && tripwire !== undefined)
        return async (message: unknown, ...more: readonly unknown[]): Promise<unknown> => {
          // What a handler sends on its way (progress, a question to the client's model); its result was looked at.
          if (at(message, 'method') !== undefined) guardData(at(message, 'params'), tripwire, currentScope());
          return Reflect.apply(value, target, [message, ...more]);
        };
      return typeof value === 'function' && name !== 'onmessage' ? value.bind(target) : value;
    },
  });
}

function refusalOf(message: unknown, filled: FilledArguments): string | undefined {
  try {
    filled.refuseSent(sentIn(message));
    return undefined;
  } catch (error) {
    if (isGuardError(error)) return error.message;
    throw error;
  }
}

/** What a call says by name: its arguments, or the query of a resource's URI. */
function sentIn(message: unknown): unknown {
  switch (at(message, 'method')) {
    case 'tools/call':
    case 'prompts/get':
      return at(message, 'params', 'arguments');
    case 'resources/read': {
      const uri = String(at(message, 'params', 'uri'));
      return URL.canParse(uri) ? Object.fromEntries(new URL(uri).searchParams) : undefined;
    }
    default:
      return undefined;
  }
}

/** The answer of JSON-RPC for arguments that are not accepted: https://www.jsonrpc.org/specification#error_object */
async function answer(transport: object, refusal: string, message: unknown): Promise<void> {
  const id = at(message, 'id');
  const send = at(transport, 'send');
  if (id === undefined || typeof send !== 'function') return;
  const error = { code: -32602, message: refusal };
  await Reflect.apply(send, transport, [{ jsonrpc: '2.0', id, error }, { relatedRequestId: id }]);
}
