import { callValue, handlerValue } from '../../calls.ts';
import { valueKey } from '../../keys.ts';
import type { Call } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import { undefinedValue, type Value } from '../../value.ts';
import { signedIn, userValue, principal, written } from './principal.ts';

const deepest = 6;

/** Functions that an app gave a library in its configuration, by the name they have there. */
function functionsIn(value: Value, name: string, depth = 0): readonly { readonly name: string; readonly run: Value }[] {
  if (depth > deepest) return [];
  switch (value.kind) {
    case 'function':
      return [{ name, run: value }];
    case 'object':
      return [...value.fields].flatMap(([key, field]) => functionsIn(field, key, depth + 1));
    case 'array':
      return value.items.flatMap(item => functionsIn(item, name, depth + 1));
    case 'choice':
      return alternativesOf(value).flatMap(alternative => functionsIn(alternative.value, name, depth + 1));
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
      for (const { name, run } of config === undefined ? [] : functionsIn(config, '')) runOne(call, name, run);
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

function runOne(call: Call, name: string, run: Value): void {
  const { machine, frame } = call;
  const before = frame.save();
  if (!beforeSignIn.test(name)) frame.learn([signedIn(call)]);
  const given = handed(name);
  callValue(machine, frame, run, [given, given], { at: call.at, end: call.end });
  frame.restore(before);
}

function placeOf(call: Call): ReturnType<Call['machine']['place']> {
  return call.machine.place(call.frame, call.at, call.end);
}
