import { kindOf } from './claims.ts';
import { serviceRefusal, userRefusal } from './gate.ts';
import type { SupabaseOptions } from './gate.ts';
import { guardWire } from './wire.ts';

/** The part of a Supabase client by which it is known. */
export interface SupabaseClient {
  readonly auth: object;
  from(table: string): unknown;
}

/**
 * Guards a client of supabase-js. One with the service key works only inside of `asAdmin(reason)`; one of a user only in a
 * scope of that user. What is refused throws where it is reached; what is reached and then sent elsewhere is looked at
 * again when it is sent.
 *
 * @example
 * import { createClient } from '@supabase/supabase-js';
 *
 * const admin = guardSupabase(createClient(url, process.env.SUPABASE_SERVICE_ROLE_KEY ?? ''));
 * const users = await asAdmin('support look-up', () => admin.from('users').select());
 */
export function guardSupabase<Client extends SupabaseClient>(client: Client, options: SupabaseOptions = {}): Client {
  const key: unknown = Reflect.get(client, 'supabaseKey');
  const isService = typeof key !== 'string' || kindOf(key) === 'service' || hasServiceHeader(client);
  guardWire(client, isService, options);
  const pass = (): void => {
    const refusal = isService ? serviceRefusal() : userRefusal();
    if (refusal !== undefined) throw refusal;
  };
  const auth = guardedAuth(client.auth, isService, pass);
  return new Proxy(client, {
    get(target, name) {
      if (name === 'auth') return auth;
      if (harmless.has(name)) return Reflect.get(target, name);
      pass();
      if (!isService && (name === 'channel' || name === 'realtime'))
        throw new TypeError(
          'Realtime has a connection of its own that the guard does not see: use a client without it.',
        );
      return gated(Reflect.get(target, name), target, pass);
    },
  });
}

/** What tells no row: what `await`, printing and debuggers ask of any object. */
const harmless: ReadonlySet<PropertyKey> = new Set<PropertyKey>(['then', 'toJSON', 'constructor', Symbol.toStringTag]);

/** A key may also be given as a header. */
function hasServiceHeader(client: object): boolean {
  const headers: unknown = Reflect.get(client, 'headers');
  const given = new Headers(typeof headers === 'object' && headers !== null ? Object.entries(headers) : []);
  const bearer = given.get('authorization')?.replace(/^Bearer /i, '');
  return [given.get('apikey'), bearer].some(key => typeof key === 'string' && kindOf(key) === 'service');
}

/** A method that was taken inside of a scope and is called outside is refused as well. */
function gated(value: unknown, owner: object, pass: () => void): unknown {
  if (typeof value === 'function')
    return (...parameters: unknown[]): unknown => {
      pass();
      return kept(Reflect.apply(value, owner, parameters), pass);
    };
  return kept(value, pass);
}

/** Channels and the parts of a client act by themselves, so they are gated too; a query is looked at when it is sent. */
function kept(value: unknown, pass: () => void): unknown {
  if (typeof value !== 'object' || value === null || 'then' in value || value instanceof Promise) return value;
  if (isData(value)) return value;
  return new Proxy(value, {
    get(target, name) {
      if (harmless.has(name)) return Reflect.get(target, name);
      pass();
      return gated(Reflect.get(target, name), target, pass);
    },
  });
}

/** An answer that is there at once, such as the address of a file, is the app's own by then. */
function isData(value: object): boolean {
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value).every(part => typeof part !== 'function');
}

/** Signing in comes before every scope; only what a service key may do to all users is gated. */
function guardedAuth(auth: object, isService: boolean, pass: () => void): object {
  if (!isService) return auth;
  return new Proxy(auth, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (!ofService.has(name)) return typeof value === 'function' ? value.bind(target) : value;
      pass();
      return kept(value, pass);
    },
  });
}

/** What changes all users, and what holds or sends the key. */
const ofService: ReadonlySet<PropertyKey> = new Set<PropertyKey>(['admin', 'headers', 'fetch']);
