import type { GuardError } from '../errors.ts';
import { at } from '../property.ts';
import { kindOf } from './claims.ts';
import { serviceRefusal, tokenRefusal } from './gate.ts';
import type { SupabaseOptions } from './gate.ts';

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Looks at each request of a client when it leaves, whichever of its parts sends it. A refusal is an answer, as any that
 * the server gives: supabase-js hands it on as `error`.
 */
export function guardWire(client: object, isService: boolean, options: SupabaseOptions): void {
  const token = tokenOf(client);
  for (const sender of [...sendersOf(client), ...(isService ? adminsOf(client) : [])]) {
    const send = sender.fetch;
    sender.fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      if (isService) return refused(serviceRefusal()) ?? send(input, init);
      const bearer = headers.get('authorization')?.replace(/^Bearer /i, '') ?? (await token());
      const refusal = refused(isPublic(headers) ? tokenRefusal(bearer ?? '', options) : serviceRefusal());
      if (refusal !== undefined) return refusal;
      // What was looked at is what is sent, whatever the session has become meanwhile.
      headers.set('authorization', `Bearer ${bearer}`);
      return send(input, { ...init, headers });
    };
  }
}

function isPublic(headers: Headers): boolean {
  const key = headers.get('apikey');
  return key === null || kindOf(key) === 'public';
}

function refused(refusal: GuardError | undefined): Response | undefined {
  if (refusal === undefined) return undefined;
  const { code, message, status } = refusal;
  return Response.json({ code, message, error: code, statusCode: String(status) }, { status });
}

/** The parts of a client that send; supabase-js names them alike since version 2. Another form is not guarded by silence. */
function sendersOf(client: object): readonly { fetch: Fetch }[] {
  const senders = [client, Reflect.get(client, 'rest') as unknown, Reflect.get(client, 'storage') as unknown];
  if (senders.every(isSender)) return senders;
  throw new TypeError(unknownForm);
}

/** What changes all users sends by itself; with tokens of another service there is no such part. */
function adminsOf(client: object): readonly { fetch: Fetch }[] {
  if (typeof at(client, 'accessToken') === 'function') return [];
  const admin = at(client, 'auth', 'admin');
  if (isSender(admin)) return [admin];
  throw new TypeError(unknownForm);
}

const unknownForm = 'This version of supabase-js has a form that guardSupabase does not know. It guards version 2.';

function isSender(value: unknown): value is { fetch: Fetch } {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'fetch') === 'function';
}

function tokenOf(client: object): () => Promise<string | undefined> {
  const get: unknown = Reflect.get(client, '_getAccessToken');
  if (typeof get !== 'function') throw new TypeError(unknownForm);
  return async () => {
    const token: unknown = await Reflect.apply(get, client, []);
    return typeof token === 'string' ? token : undefined;
  };
}
