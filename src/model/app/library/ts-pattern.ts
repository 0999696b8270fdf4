import { callValue } from '../calls.ts';
import { addFacts } from '../facts.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { sameness } from '../narrow.ts';
import { alternativesOf, choose } from '../operations.ts';
import { branches } from '../statements.ts';
import type { Fact } from '../types.ts';
import { undefinedValue, type Alternative, type Value } from '../value.ts';

/** One way a match goes: the value as its pattern leaves it, what holds then, and what runs. */
interface Case {
  readonly value: Value;
  readonly facts: readonly Fact[];
  readonly handler: Value;
}

/** A value under a pattern: what of it may match, and what may not. */
interface Split {
  readonly matched: readonly Alternative[];
  readonly rest: readonly Alternative[];
}

/** `match(value).with(pattern, handler)….exhaustive()`: https://github.com/gvergnaud/ts-pattern */
const match: Handler = ({ arguments: [value = undefinedValue] }) => matcher(alternativesOf(value), []);

function matcher(left: readonly Alternative[], cases: readonly Case[]): Value {
  const native: NativeValue = {
    name: 'match',
    key: `match of ${cases.length} cases`,
    inside: [...left, ...cases].map(part => part.value),
    method: (name, call) => {
      switch (name) {
        case 'with': {
          const handler = call.arguments.at(-1);
          if (handler === undefined) return undefined;
          const patterns = call.arguments.slice(0, -1);
          // `with(pattern, guard, handler)`: what the guard asks may or may not hold.
          const guarded = patterns.length === 2 && patterns[1]?.kind === 'function';
          return added(call, left, cases, guarded ? patterns.slice(0, 1) : patterns, guarded, handler);
        }
        case 'when': {
          const handler = call.arguments[1];
          return handler === undefined ? undefined : matcher(left, [...cases, ...asCases(left, handler)]);
        }
        case 'returnType':
        case 'narrow':
          return nativeValue(native);
        case 'otherwise': {
          const [handler] = call.arguments;
          return run(call, handler === undefined ? cases : [...cases, ...asCases(left, handler)]);
        }
        case 'exhaustive':
        case 'run':
          return run(call, cases);
        default:
          return undefined;
      }
    },
  };
  return nativeValue(native);
}

function added(
  call: Call,
  left: readonly Alternative[],
  cases: readonly Case[],
  patterns: readonly Value[],
  guarded: boolean,
  handler: Value,
): Value {
  let rest = left;
  const matched: Alternative[] = [];
  for (const pattern of patterns) {
    const splits = rest.map(alternative => split(call, alternative, pattern));
    matched.push(...splits.flatMap(each => each.matched));
    rest = splits.flatMap(each => each.rest);
  }
  return matcher(guarded ? left : rest, [...cases, ...asCases(matched, handler)]);
}

function asCases(alternatives: readonly Alternative[], handler: Value): readonly Case[] {
  return alternatives.length === 0 ? [] : [{ value: choose(alternatives), facts: commonOf(alternatives), handler }];
}

/** What holds whichever of them it is: of one all it says. */
function commonOf(alternatives: readonly Alternative[]): readonly Fact[] {
  const [only] = alternatives;
  return only !== undefined && alternatives.length === 1 ? only.facts : [];
}

function run(call: Call, cases: readonly Case[]): Value {
  const { machine, frame, at, end } = call;
  return branches(
    machine,
    frame,
    cases.map(({ value, facts, handler }) => () => {
      frame.learn(facts);
      // A case may name its result without a function.
      return handler.kind === 'function' ? callValue(machine, frame, handler, [value], { at, end }) : handler;
    }),
  );
}

function split({ machine, frame, at }: Call, alternative: Alternative, pattern: Value): Split {
  const { value } = alternative;
  const whole: Split = { matched: [alternative], rest: [] };
  const either: Split = { matched: [alternative], rest: [alternative] };
  if (pattern.kind === 'external') return /(?:^|\.)(?:_|any)$/.test(pattern.path) ? whole : either;
  if (pattern.kind === 'object' && value.kind === 'object') return splitObject(value, pattern) ?? either;
  if (pattern.kind !== 'constant') return either;
  const part = (same: boolean): readonly Alternative[] => {
    const assumed = sameness(machine, frame, value, pattern, same, at);
    return assumed === undefined ? [] : [{ value: assumed.value, facts: addFacts(alternative.facts, assumed.facts) }];
  };
  return { matched: part(true), rest: part(false) };

  function splitObject(
    object: Extract<Value, { kind: 'object' }>,
    fields: Extract<Value, { kind: 'object' }>,
  ): Split | undefined {
    let certain = object.spread.length === 0 && fields.spread.length === 0;
    for (const [name, wanted] of fields.fields) {
      const own = object.fields.get(name);
      if (own === undefined || wanted.kind !== 'constant') certain = false;
      else if (own.kind === 'constant') {
        if (own.value !== wanted.value) return { matched: [], rest: [alternative] };
      } else certain = false;
    }
    return certain ? whole : undefined;
  }
}

/** Models of the functions. */
export const matchHandlers: Readonly<Record<string, Handler>> = { 'ts-pattern#match': match };
