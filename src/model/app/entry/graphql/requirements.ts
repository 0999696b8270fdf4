import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { commonFacts, without } from '../../facts.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../../machine.ts';
import { alternativesOf, assume, isBottom } from '../../operations.ts';
import type { Fact } from '../../types.ts';
import { undefinedValue, type Value } from '../../value.ts';
import { contextBehind } from '../context.ts';

/** What has to hold before a field is answered. */
export type Requirement =
  /** A function of the field's parent, arguments and context that says yes. */
  | { readonly kind: 'rule'; readonly run: Value }
  /** A scope of the caller, by its name and what is asked of it. */
  | { readonly kind: 'scope'; readonly name: string; readonly given: Value }
  /** A function that gives scopes, or says yes itself. */
  | { readonly kind: 'scopes'; readonly run: Value }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Requirement[] }
  | { readonly kind: 'not'; readonly of: Requirement }
  | { readonly kind: 'deny' }
  | { readonly kind: 'unknown'; readonly value: Value };

/** What a field is asked with. */
export interface Asked {
  readonly parent: Value;
  readonly given: Value;
  readonly context: Value;
  readonly info: Value;
  /** Gives the scopes of a caller from the context. */
  readonly scopesOf: Value | undefined;
}

/** Learns what a requirement shows when it is met; false when it never is. */
export function meets(call: Call, requirement: Requirement, asked: Asked): boolean {
  const { frame } = call;
  switch (requirement.kind) {
    case 'all':
      return requirement.of.every(one => meets(call, one, asked));
    case 'any': {
      const before = frame.save();
      const ways: (readonly Fact[])[] = [];
      for (const one of requirement.of) {
        if (meets(call, one, asked) && !frame.dead) ways.push(without(frame.facts, before.facts));
        frame.restore(before);
      }
      // Any one is enough: which one was is not known.
      frame.learn(commonFacts(ways));
      return refuse(call, ways.length > 0 || requirement.of.length === 0);
    }
    case 'rule':
      return says(call, requirement.run, [asked.parent, asked.given, asked.context, asked.info], true, asked);
    case 'scopes':
      return says(call, requirement.run, [asked.parent, asked.given, asked.context, asked.info], true, asked);
    case 'not':
      return requirement.of.kind === 'rule'
        ? says(call, requirement.of.run, [asked.parent, asked.given, asked.context, asked.info], false, asked)
        : true;
    case 'deny':
      return refuse(call, false);
    case 'unknown':
      contextBehind(call, requirement.value, asked.context, asked.given);
      return true;
    case 'scope':
      return holdsScope(call, requirement, asked);
  }
}

function refuse({ frame }: Call, isMet: boolean): boolean {
  if (!isMet) frame.dead = true;
  return isMet;
}

/** Calls a rule, and takes it that it says so. */
function says(call: Call, run: Value, values: readonly Value[], wanted: boolean, asked: Asked): boolean {
  const { machine, frame, at, end } = call;
  if (run.kind !== 'function' && run.kind !== 'native') {
    contextBehind(call, run, asked.context, asked.given);
    return true;
  }
  const returned = callValue(machine, frame, run, values, { at, end });
  const answer = frame.dead || isBottom(returned) ? undefined : awaitValue(machine, frame, returned, at);
  if (answer === undefined || frame.dead || isBottom(answer)) return refuse(call, false);
  if (answer.kind === 'object') return meets(call, scopesRequired(answer), asked);
  // A text or an error refuses as `false` does.
  const told = alternativesOf(answer).filter(({ value }) => !(wanted && isRefusal(value)));
  const alternatives: Value =
    told.length === alternativesOf(answer).length ? answer : { kind: 'choice', alternatives: told };
  const assumed =
    told.length === 0 ? undefined : assume(alternatives, wanted, machine.place(frame, at), 'a rule let the caller on');
  if (assumed !== undefined) frame.learn(assumed.facts);
  return refuse(call, assumed !== undefined);
}

function isRefusal(value: Value): boolean {
  return (
    (value.kind === 'constant' && typeof value.value === 'string') ||
    (value.kind === 'external' && value.library === undefined && /Error\b/.test(value.path))
  );
}

function holdsScope(call: Call, { name, given }: Extract<Requirement, { kind: 'scope' }>, asked: Asked): boolean {
  const { machine, frame, at, end } = call;
  if (asked.scopesOf === undefined) return true;
  const returned = callValue(machine, frame, asked.scopesOf, [asked.context], { at, end });
  if (frame.dead || isBottom(returned)) return refuse(call, false);
  const scopes = awaitValue(machine, frame, returned, at);
  const before = frame.save();
  const ways: (readonly Fact[])[] = [];
  for (const { value, facts } of alternativesOf(scopes)) {
    frame.restore(before);
    frame.learn(facts);
    const scope = value.kind === 'object' ? value.fields.get(name) : undefined;
    if (scope === undefined) {
      ways.push(without(frame.facts, before.facts));
      continue;
    }
    const told =
      scope.kind === 'function' || scope.kind === 'native'
        ? says(call, scope, [given], true, asked)
        : says(
            call,
            handlerValue('scope', `scope ${valueKey(scope)}`, () => scope),
            [],
            true,
            asked,
          );
    if (told && !frame.dead) ways.push(without(frame.facts, before.facts));
  }
  frame.restore(before);
  frame.learn(commonFacts(ways));
  return refuse(call, ways.length > 0);
}

// Pothos ---------------------------------------------------------------------------------------------------------------

/** `authScopes: { member: true, $all: { … } }`, or a function that gives such. */
export function scopesRequired(value: Value): Requirement {
  if (value.kind === 'function' || value.kind === 'native') return { kind: 'scopes', run: value };
  if (value.kind !== 'object') return { kind: 'all', of: [] };
  return { kind: 'any', of: entriesOf(value) };
}

function entriesOf(value: Extract<Value, { kind: 'object' }>): readonly Requirement[] {
  return [...value.fields].flatMap(([name, given]): readonly Requirement[] => {
    if (name === '$all') return given.kind === 'object' ? [{ kind: 'all', of: entriesOf(given) }] : [];
    if (name === '$any') return given.kind === 'object' ? [{ kind: 'any', of: entriesOf(given) }] : [];
    if (name === '$granted') return [{ kind: 'unknown', value: given }];
    const isOff = given.kind === 'constant' && given.value === false;
    return isOff ? [] : [{ kind: 'scope', name, given }];
  });
}

// graphql-shield -------------------------------------------------------------------------------------------------------

interface RuleNative extends NativeValue {
  readonly requirement: Requirement;
}

interface ShieldNative extends NativeValue {
  readonly rules: Value;
  readonly fallback: Value | undefined;
}

function ruleValue(requirement: Requirement, key: string): Value {
  const native: RuleNative = { name: 'shield rule', key: `shield rule ${key}`, requirement };
  return nativeValue(native);
}

function ruleOf(value: Value | undefined): Requirement | undefined {
  if (value === undefined) return undefined;
  if (value.kind === 'native' && 'requirement' in value.native) return (value.native as RuleNative).requirement;
  if (value.kind === 'external') {
    if (/(?:^|\.)allow$/.test(value.path)) return { kind: 'all', of: [] };
    if (/(?:^|\.)deny$/.test(value.path)) return { kind: 'deny' };
  }
  return value.kind === 'object' ? undefined : { kind: 'unknown', value };
}

function joined(kind: 'all' | 'any'): Handler {
  return ({ arguments: values }) =>
    ruleValue(
      { kind, of: values.flatMap(value => ruleOf(value) ?? []) },
      `${kind} ${values.map(value => valueKey(value)).join(',')}`,
    );
}

/** `rule()(async (parent, args, context) => …)`. */
const rule: Handler = () =>
  handlerValue('rule', 'shield rule maker', ({ arguments: [run = undefinedValue] }) =>
    ruleValue({ kind: 'rule', run }, valueKey(run)),
  );

const shield: Handler = ({ arguments: [rules = undefinedValue, options] }) => {
  const native: ShieldNative = {
    name: 'shield',
    key: `shield ${valueKey(rules)}`,
    rules,
    fallback: options?.kind === 'object' ? options.fields.get('fallbackRule') : undefined,
  };
  return nativeValue(native);
};

/** What a middleware of a schema requires of a field; absent where it says nothing of it. */
export function requiredBy(middleware: Value, type: string, field: string): Requirement | undefined {
  if (middleware.kind !== 'native' || middleware.native.name !== 'shield') return undefined;
  const { rules, fallback } = middleware.native as ShieldNative;
  const ofType = rules.kind === 'object' ? rules.fields.get(type) : rules;
  const ofField = ofType?.kind === 'object' ? (ofType.fields.get(field) ?? ofType.fields.get('*')) : ofType;
  return ruleOf(ofField) ?? ruleOf(fallback);
}

/** Rules of graphql-shield (https://the-guild.dev/graphql/shield). */
export const shieldHandlers: Readonly<Record<string, Handler>> = {
  'graphql-shield#rule': rule,
  'graphql-shield#shield': shield,
  'graphql-shield#and': joined('all'),
  'graphql-shield#chain': joined('all'),
  'graphql-shield#or': joined('any'),
  'graphql-shield#race': joined('any'),
  'graphql-shield#not': ({ arguments: [first = undefinedValue] }) => {
    const of = ruleOf(first);
    return ruleValue(of === undefined ? { kind: 'all', of: [] } : { kind: 'not', of }, `not ${valueKey(first)}`);
  },
};
