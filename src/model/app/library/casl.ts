import type { Binding } from '../../../collect/source/ir.ts';
import { arrayMethod } from '../collections.ts';
import { callValue, methodValue } from '../calls.ts';
import { compareValues, memberOf } from '../expressions.ts';
import { addFacts } from '../facts.ts';
import { valueKey } from '../keys.ts';
import { behaviourOf, nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { alternativesOf, assume, bottom, choose, isBottom } from '../operations.ts';
import type { Fact } from '../types.ts';
import { unfollowedFact } from '../unfollowed.ts';
import { constant, objectOf, undefinedValue, type Alternative, type Value } from '../value.ts';

/**
 * CASL: what an ability allows stands in rules, and a rule's conditions are conditions on the rows of its subject.
 * `cannot` rules only take away: forgetting them says less, never more. https://casl.js.org/v6/en/guide/intro
 */

/** One rule: `can(action, subject, fields, conditions)`. */
interface Rule {
  readonly action: Value;
  readonly subject: Value;
  readonly fields: Value | undefined;
  readonly conditions: Value | undefined;
}

interface RuleNative extends NativeValue {
  readonly rule: Rule;
}

function ruleValue(rule: Rule): Value {
  const parts = [rule.action, rule.subject, rule.fields ?? undefinedValue, rule.conditions ?? undefinedValue];
  const native: RuleNative = {
    name: 'casl rule',
    key: `casl rule ${parts.map(part => valueKey(part)).join(' ')}`,
    inside: rule.conditions === undefined ? [] : [rule.conditions],
    rule,
  };
  return nativeValue(native);
}

// Rules ---------------------------------------------------------------------------------------------------------------

/** `new AbilityBuilder(Ability)`: rules are collected in a variable of the function that made it, so that branches count. */
const newBuilder: Handler = call => builderValue(call);

let builders = 0;

function builderValue({ frame: home, machine: { stores, storesKey } }: Call): Value {
  builders += 1;
  const id = builders;
  const rules: Binding = { id: -id, name: 'rules', owner: home.code, declaration: undefined, reassigned: true };
  home.vars.set(rules, { kind: 'array', items: [] });
  const add: Handler = ({ machine, frame, arguments: given }) => {
    const rule = ruleFrom(given);
    const before = home.vars.get(rules);
    // A helper that adds it under a condition of its own may not have added it.
    const item =
      frame === home || frame.facts.length === 0
        ? rule
        : choose([
            { value: rule, facts: frame.facts },
            { value: undefinedValue, facts: [] },
          ]);
    home.vars.set(rules, { kind: 'array', items: [...(before?.kind === 'array' ? before.items : []), item] });
    // What changes a builder must run at each call, as what changes a store.
    machine.setStores(new Map(machine.stores));
    return undefinedValue;
  };
  const build: Handler = ({ machine, arguments: [options] }) => {
    if (machine.storesKey === storesKey) machine.setStores(stores);
    return abilityValue(home.vars.get(rules), hasAliases(options));
  };
  const methods: Readonly<Record<string, Handler>> = { can: add, cannot: () => undefinedValue, build };
  const native: NativeValue = {
    name: 'casl builder',
    key: `casl builder ${id}`,
    method: (name, call) => methods[name]?.(call),
    member: name => (name === 'rules' ? home.vars.get(rules) : methods[name] && methodValue(native, name)),
  };
  return nativeValue(native);
}

function ruleFrom([action = undefinedValue, subject = constant('all'), third, fourth]: readonly Value[]): Value {
  const isFields = fourth !== undefined || third?.kind === 'array' || isText(third);
  const conditions = isFields ? fourth : third;
  return ruleValue({
    action,
    subject,
    fields: isFields ? third : undefined,
    conditions: conditions === undefinedValue ? undefined : conditions,
  });
}

function isText(value: Value | undefined): boolean {
  return value?.kind === 'constant' && typeof value.value === 'string';
}

/** `defineAbility((can, cannot) => { … })`. */
const define: Handler = call => {
  const { machine, frame, at, end } = call;
  const [body, ...options] = call.arguments;
  const builder = builderValue(call);
  if (body?.kind !== 'function' || builder.kind !== 'native') return abilityValue(undefined, true);
  const native = behaviourOf(builder);
  const result = callValue(machine, frame, body, [methodValue(native, 'can'), methodValue(native, 'cannot')], {
    at,
    end,
  });
  const ability = native.method?.('build', { ...call, arguments: options }) ?? undefinedValue;
  return result.kind === 'promise' ? { ...result, value: ability } : ability;
};

/** `createMongoAbility([{ action, subject, conditions }])`. */
const fromRules: Handler = call => {
  const [given, options] = call.arguments;
  if (given === undefined) return abilityValue({ kind: 'array', items: [] }, hasAliases(options));
  if (given.kind !== 'array') return abilityValue(undefined, true);
  const items = given.items.map(item =>
    choose(alternativesOf(item).map(({ value, facts }) => ({ value: rawRule(call, value), facts }))),
  );
  return abilityValue(
    items.every(item => alternativesOf(item).every(({ value }) => isRule(value) || value === undefinedValue))
      ? { kind: 'array', items }
      : undefined,
    hasAliases(options),
  );
};

function rawRule(call: Call, value: Value): Value {
  if (value.kind === 'native' || value === undefinedValue) return value;
  if (value.kind !== 'object' || value.spread.length > 0) return constant(null);
  const field = (name: string): Value | undefined => value.fields.get(name);
  const inverted = field('inverted');
  if (inverted?.kind === 'constant' && inverted.value === true) return undefinedValue;
  if (inverted !== undefined && inverted.kind !== 'constant') return constant(null);
  const [action, subject] = [field('action'), field('subject')];
  if (action === undefined) return call.machine.opaque(call.frame, call.at, 'a rule without an action');
  return ruleValue({
    action,
    subject: subject ?? constant('all'),
    fields: field('fields'),
    conditions: field('conditions'),
  });
}

function isRule(value: Value): value is Extract<Value, { kind: 'native' }> {
  return value.kind === 'native' && value.native.name === 'casl rule';
}

/** Other names for actions: what is asked for may be allowed under another name. */
function hasAliases(options: Value | undefined): boolean {
  return options !== undefined && (options.kind !== 'object' || options.fields.has('resolveAction'));
}

// Abilities -----------------------------------------------------------------------------------------------------------

interface AbilityNative extends NativeValue {
  /** Absent when they are not known. */
  readonly rules: readonly Value[] | undefined;
  readonly aliases: boolean;
}

function abilityValue(rules: Value | undefined, aliases: boolean): Value {
  const items = rules?.kind === 'array' ? rules.items : undefined;
  const native: AbilityNative = {
    name: 'casl ability',
    key: `casl ability ${aliases ? 'with aliases ' : ''}${items?.map(item => valueKey(item)).join(' ') ?? 'unknown'}`,
    inside: items ?? [],
    rules: items,
    aliases,
    method: (name, call) => {
      switch (name) {
        case 'can':
          return asked(call, native);
        case 'cannot':
          return negated(asked(call, native));
        case 'relevantRuleFor':
          return asked(call, native);
        case 'update':
        case 'on':
          return undefinedValue;
        default:
          return undefined;
      }
    },
    member: name => {
      if (name === 'rules') return { kind: 'array', items: items ?? [] };
      return name === 'can' || name === 'cannot' ? methodValue(native, name) : undefined;
    },
  };
  return nativeValue(native);
}

function isAbility(value: Value | undefined): value is Extract<Value, { kind: 'native' }> {
  return value?.kind === 'native' && value.native.name === 'casl ability';
}

const unknownTest: Value = { kind: 'test', whenTrue: [], whenFalse: [] };

/** `ability.can(action, subject, field)`: some rule allows it, and its conditions hold of the subject. */
function asked({ machine, frame, arguments: [action, subject, field], at }: Call, ability: AbilityNative): Value {
  if (ability.rules === undefined) {
    const given = [subjectOf(subject)?.object ?? subject].filter(value => value !== undefined);
    frame.learn([unfollowedFact({ machine, frame, arguments: given, at, end: at }, '@casl/ability', 'can')]);
    return unknownTest;
  }
  const allowed = matching(ability, action, typeOf(subject), field).flatMap(
    ({ rule, facts }): readonly Alternative[] => {
      const held = holding({ machine, frame, at }, rule, subject);
      return held === undefined ? [] : [{ value: constant(true), facts: addFacts(facts, held) }];
    },
  );
  return choose([...allowed, { value: constant(false), facts: [] }]);
}

function negated(value: Value): Value {
  return choose(
    alternativesOf(value).map(({ value: inner, facts }) => ({
      value:
        inner.kind === 'constant'
          ? constant(inner.value !== true)
          : inner.kind === 'test'
            ? { kind: 'test', whenTrue: inner.whenFalse, whenFalse: inner.whenTrue }
            : inner,
      facts,
    })),
  );
}

/** Rules that may allow the action, each with what holds if it is there. */
function matching(
  { rules = [], aliases }: AbilityNative,
  action: Value | undefined,
  type: Value | undefined,
  field?: Value,
): readonly { readonly rule: Rule; readonly facts: readonly Fact[] }[] {
  return rules.flatMap(item =>
    alternativesOf(item).flatMap(({ value, facts }) => {
      if (!isRule(value)) return [];
      const { rule } = value.native as RuleNative;
      const fits =
        (aliases || mayName(rule.action, action, 'manage')) &&
        mayName(rule.subject, type, 'all') &&
        (rule.fields === undefined || field === undefined || mayName(rule.fields, field, '*'));
      return fits ? [{ rule, facts }] : [];
    }),
  );
}

/** Whether the named (or one of them) may be the asked one; `everything` names all. */
function mayName(named: Value, wanted: Value | undefined, everything: string): boolean {
  return alternativesOf(named).some(({ value }) => {
    if (value.kind === 'array') return value.items.some(item => mayName(item, wanted, everything));
    if (value.kind === 'constant' && (value.value === everything || String(value.value).includes('*'))) return true;
    if (wanted === undefined) return true;
    return alternativesOf(wanted).some(({ value: one }) =>
      value.kind === 'constant' && one.kind === 'constant' ? value.value === one.value : !areApart(value, one),
    );
  });
}

/** Two classes, or a class and a text: those are told apart by name, where both are known. */
function areApart(left: Value, right: Value): boolean {
  return left.kind === 'function' && right.kind === 'function' && left.name !== right.name;
}

interface SubjectNative extends NativeValue {
  readonly type: Value;
  readonly object: Value;
}

/** `subject('Post', post)`: the object, known under a name. */
const tagged: Handler = ({ arguments: [type = undefinedValue, object = undefinedValue] }) => {
  const native: SubjectNative = {
    name: 'casl subject',
    key: `casl subject ${valueKey(type)} ${valueKey(object)}`,
    inside: [object],
    type,
    object,
    member: (name, call) => memberOf(call.machine, call.frame, object, name, call.at, false),
  };
  return nativeValue(native);
};

function subjectOf(value: Value | undefined): SubjectNative | undefined {
  return value?.kind === 'native' && value.native.name === 'casl subject' ? (value.native as SubjectNative) : undefined;
}

/** The name of what is asked about; absent when it is not known. */
function typeOf(subject: Value | undefined): Value | undefined {
  const named = subjectOf(subject);
  if (named !== undefined) return named.type;
  return subject?.kind === 'constant' || subject?.kind === 'function' ? subject : undefined;
}

/** What the rule says of the very object: nothing where only a type is asked about. `undefined`: it cannot hold. */
function holding(at: Asking, { conditions }: Rule, subject: Value | undefined): readonly Fact[] | undefined {
  if (conditions === undefined || subject === undefined) return [];
  const object = subjectOf(subject)?.object ?? subject;
  if (object.kind === 'constant' || object.kind === 'function') return [];
  return meets(at, object, conditions);
}

// Conditions ----------------------------------------------------------------------------------------------------------

type Asking = Pick<Call, 'machine' | 'frame' | 'at'>;

/** What holds when an object meets conditions in the language of MongoDB or Prisma; what is not understood says nothing. */
function meets(asking: Asking, object: Value, conditions: Value): readonly Fact[] | undefined {
  const alternatives = alternativesOf(conditions);
  const [only] = alternatives;
  if (only === undefined || alternatives.length > 1 || only.value.kind !== 'object') return [];
  let facts: readonly Fact[] = only.facts;
  for (const [name, expected] of only.value.fields) {
    const more = meetsField(asking, object, name, expected);
    if (more === undefined) return undefined;
    facts = addFacts(facts, more);
  }
  return facts;
}

function meetsField(asking: Asking, object: Value, name: string, expected: Value): readonly Fact[] | undefined {
  if (name === 'AND' || name === '$and') {
    const items = expected.kind === 'array' ? expected.items : [expected];
    let facts: readonly Fact[] = [];
    for (const item of items) {
      const more = meets(asking, object, item);
      if (more === undefined) return undefined;
      facts = addFacts(facts, more);
    }
    return facts;
  }
  if (/^(?:\$?or|\$?nor|\$?not)$/i.test(name)) return [];
  const { machine, frame, at } = asking;
  const actual = name
    .split('.')
    .reduce<Value>(
      (value, part) => (isBottom(value) ? value : memberOf(machine, frame, value, part, at, true)),
      object,
    );
  return isBottom(actual) ? [] : meetsValue(asking, actual, expected);
}

const nested: ReadonlySet<string> = new Set(['is', '$elemMatch']);

function meetsValue(asking: Asking, actual: Value, expected: Value): readonly Fact[] | undefined {
  if (expected.kind !== 'object') return same(asking, actual, expected);
  const operators = [...expected.fields].filter(([name]) => name.startsWith('$') || prismaOperators.has(name));
  if (operators.length === 0) return meets(asking, actual, expected);
  let facts: readonly Fact[] = [];
  for (const [name, value] of operators) {
    const more =
      name === 'equals' || name === '$eq'
        ? same(asking, actual, value)
        : name === 'in' || name === '$in'
          ? among(asking, actual, value)
          : nested.has(name)
            ? meets(asking, actual, value)
            : [];
    if (more === undefined) return undefined;
    facts = addFacts(facts, more);
  }
  return facts;
}

const prismaOperators: ReadonlySet<string> = new Set([
  'equals',
  'in',
  'notIn',
  'not',
  'lt',
  'lte',
  'gt',
  'gte',
  'contains',
  'startsWith',
  'endsWith',
  'has',
  'hasSome',
  'hasEvery',
  'is',
  'isNot',
  'some',
  'every',
  'none',
]);

function same({ machine, frame, at }: Asking, actual: Value, expected: Value): readonly Fact[] | undefined {
  const test = compareValues(machine, frame, '===', actual, expected, at);
  return assume(test, true, machine.place(frame, at), machine.code(frame, at))?.facts;
}

function among({ machine, frame, at }: Asking, actual: Value, list: Value): readonly Fact[] | undefined {
  const test = arrayMethod(machine, frame, list, 'includes', [actual], at);
  return test === undefined ? [] : assume(test, true, machine.place(frame, at), machine.code(frame, at))?.facts;
}

// Questions -----------------------------------------------------------------------------------------------------------

/** `ForbiddenError.from(ability).throwUnlessCan(action, subject)`. */
const forbidden: Handler = ({ arguments: [ability] }) => {
  const native: NativeValue = {
    name: 'casl guard',
    key: `casl guard ${ability === undefined ? '' : valueKey(ability)}`,
    inside: ability === undefined ? [] : [ability],
    method: (name, call) => {
      if (name === 'setMessage') return nativeValue(native);
      if (name !== 'throwUnlessCan' && name !== 'unlessCan') return undefined;
      return name === 'throwUnlessCan' ? throwUnless(call, ability) : errorUnless(call, ability);
    },
  };
  return nativeValue(native);
};

function canBy(call: Call, ability: Value | undefined): Value {
  if (ability === undefined) return unknownTest;
  return choose(
    alternativesOf(ability).flatMap(({ value, facts }): readonly Alternative[] =>
      isAbility(value)
        ? alternativesOf(asked(call, value.native as AbilityNative)).map(answer => ({
            value: answer.value,
            facts: addFacts(facts, answer.facts),
          }))
        : [{ value: unknownTest, facts }],
    ),
  );
}

function throwUnless(call: Call, ability: Value | undefined): Value {
  const { machine, frame, at } = call;
  const passed = assume(canBy(call, ability), true, machine.place(frame, at), machine.code(frame, at));
  if (passed === undefined) {
    frame.dead = true;
    return bottom;
  }
  frame.learn(passed.facts);
  return undefinedValue;
}

function errorUnless(call: Call, ability: Value | undefined): Value {
  const { machine, frame, at } = call;
  const passed = assume(canBy(call, ability), true, machine.place(frame, at), machine.code(frame, at));
  return choose([
    ...(passed === undefined ? [] : [{ value: undefinedValue, facts: passed.facts }]),
    { value: objectOf({ message: constant('forbidden') }), facts: [] },
  ]);
}

/** `accessibleBy(ability, action).Model` and `.ofType('Model')`: the rows that some rule allows, as a filter of Prisma. */
const accessible: Handler = ({ arguments: [ability, action = constant('read')] }) => {
  const filter = (type: Value, call: Call): Value => filterFor(call, ability, action, type);
  const native: NativeValue = {
    name: 'casl filters',
    key: `casl filters ${ability === undefined ? '' : valueKey(ability)} ${valueKey(action)}`,
    inside: ability === undefined ? [] : [ability],
    member: (name, call) => (name === 'ofType' ? undefined : filter(constant(name), call)),
    method: (name, call) => (name === 'ofType' ? filter(call.arguments[0] ?? undefinedValue, call) : undefined),
  };
  return nativeValue(native);
};

const noRows: Value = objectOf({ OR: { kind: 'array', items: [] } });

function filterFor(call: Call, ability: Value | undefined, action: Value, type: Value): Value {
  const unknown = call.machine.opaque(call.frame, call.at, 'what an ability allows');
  if (ability === undefined) return unknown;
  return choose(
    alternativesOf(ability).map(({ value, facts }) => {
      if (!isAbility(value)) return { value: unknown, facts };
      const known = value.native as AbilityNative;
      return { value: known.rules === undefined ? unknown : anyOf(matching(known, action, type)), facts };
    }),
  );
}

function anyOf(rules: readonly { readonly rule: Rule; readonly facts: readonly Fact[] }[]): Value {
  const items = rules.map(({ rule, facts }): Value => {
    const where = rule.conditions ?? objectOf({});
    return facts.length === 0
      ? where
      : choose([
          { value: where, facts },
          { value: noRows, facts: [] },
        ]);
  });
  return objectOf({ OR: { kind: 'array', items } });
}

const abilities: Readonly<Record<string, Handler>> = {
  'new AbilityBuilder': newBuilder,
  defineAbility: define,
  createMongoAbility: fromRules,
  createAliasResolver: () => constant(true),
  'new Ability': fromRules,
  'new PureAbility': fromRules,
  subject: tagged,
  'ForbiddenError.from': forbidden,
};

/** CASL with its filters for Prisma. */
export const caslHandlers: Readonly<Record<string, Handler>> = {
  ...Object.fromEntries(Object.entries(abilities).map(([name, handler]) => [`@casl/ability#${name}`, handler])),
  '@casl/prisma/*#createPrismaAbility': fromRules,
  '@casl/prisma/*#new PrismaAbility': fromRules,
  '@casl/prisma/*#accessibleBy': accessible,
};
