import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import type { Call } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import { undefinedValue, type Value } from '../../value.ts';
import { signedIn, userValue, principal, written } from './principal.ts';

const deepest = 6;

/** A function that an app gave a library, by the name it has in the configuration; those of an adapter store what the library says. */
interface Given {
  readonly name: string;
  readonly run: Value;
  readonly stores: boolean;
}

function functionsIn(value: Value, name: string, stores = false, depth = 0): readonly Given[] {
  if (depth > deepest) return [];
  switch (value.kind) {
    case 'function':
      return [{ name, run: value, stores }];
    case 'object':
      return [...value.fields].flatMap(([key, field]) =>
        functionsIn(field, key, stores || key === 'adapter', depth + 1),
      );
    case 'array':
      return value.items.flatMap(item => functionsIn(item, name, stores, depth + 1));
    case 'choice':
      return alternativesOf(value).flatMap(alternative => functionsIn(alternative.value, name, stores, depth + 1));
    default:
      return [];
  }
}

/** The functions of a configuration that run before anybody has shown who they are. */
const beforeSignIn = /^(authorize|verify|validate|onRequest|before)$/;

/** What a library hands to the app's functions: the user it has verified, under the names libraries use. */
function handed(name: string): Value {
  if (beforeSignIn.test(name))
    return { kind: 'term', term: { kind: 'client', path: 'credentials' }, maybeUndefined: false };
  return written(
    {
      user: userValue(),
      token: written({ sub: principal('user.id'), email: principal('user.email', true) }, 'claims'),
      id: principal('user.id'),
      userId: principal('user.id'),
      email: principal('user.email', true),
      session: written({ user: userValue(), userId: principal('user.id') }, 'session'),
    },
    'user',
  );
}

/** The library's own routes (`/api/auth/[...all]`): they run what the app put into its configuration. */
export function configHandler(config: Value | undefined, library: string): Value {
  return handlerValue(
    `${library} routes`,
    `${library} routes ${config === undefined ? '' : valueKey(config)}`,
    call => {
      for (const given of config === undefined ? [] : functionsIn(settled(call, config), '')) runOne(call, given);
      return {
        kind: 'response',
        status: undefined,
        headers: undefinedValue,
        body: undefinedValue,
        place: placeOf(call),
      };
    },
  );
}

/** A configuration may be made for each request (`NextAuth(request => ({ … }))`). */
function settled(call: Call, config: Value): Value {
  if (config.kind !== 'function') return config;
  const { machine, frame, at, end } = call;
  const request: Value = { kind: 'term', term: { kind: 'client', path: 'request' }, maybeUndefined: false };
  return awaitValue(machine, frame, callValue(machine, frame, config, [request], { at, end }), at);
}

function runOne(call: Call, { name, run, stores }: Given): void {
  const { machine, frame } = call;
  const before = frame.save();
  if (stores)
    frame.learn([{ holds: { kind: 'system' }, place: placeOf(call), label: 'only the library calls its adapter' }]);
  else if (!beforeSignIn.test(name)) frame.learn([signedIn(call)]);
  const given = handed(name);
  // The library awaits what it gets: a query that is returned runs.
  awaitValue(machine, frame, callValue(machine, frame, run, [given, given], { at: call.at, end: call.end }), call.at);
  frame.restore(before);
}

function placeOf(call: Call): ReturnType<Call['machine']['place']> {
  return call.machine.place(call.frame, call.at, call.end);
}
