import type { Item, Pattern } from '../../collect/source/ir.ts';
import type { EntryPoint } from '../../core/path.ts';
import { equals, type Term } from '../../core/predicate.ts';
import { carriedBy } from './captured.ts';
import { constantMethod } from './constant-texts.ts';
import { arrayMethod, isArrayLike } from './collections.ts';
import { applyDeclared } from './declared.ts';
import { ended, noteEnded } from './ended.ts';
import { awaitValue, carryChange, extend, memberOf } from './expressions.ts';
import { keptAnswer, keptByItself, keptKey, rowsFoundAgain } from './cache-aside.ts';
import { addFacts, commonFacts, conditionFact, without } from './facts.ts';
import { callTerm, valueKey } from './keys.ts';
import {
  behaviourOf,
  Frame,
  FunctionClosure,
  mostStepsPerEntry,
  nextFrameId,
  nativeValue,
  type CachedCall,
  type Call,
  type Machine,
  type NativeValue,
  type Summary,
} from './machine.ts';
import { rowMethod } from './library/orm/rows.ts';
import { dispatchOwnTools } from './library/own-tools.ts';
import { noteAnswer } from './library/streams.ts';
import { validatedValue } from './library/validators.ts';
import { serviceQuery } from './library/sinks/service-query.ts';
import { isQuiet } from './quiet.ts';
import { runKnownCallbacks } from './library/verified-callbacks.ts';
import { alternativesOf, bottom, choose, isBottom, termOf } from './operations.ts';
import { askedOfRoles } from './role-lists.ts';
import { bind, branches, caughtError, leave, run } from './statements.ts';
import type { Fact } from './types.ts';
import { mayGuard, unfollowedFact } from './unfollowed.ts';
import { whyCut } from './recursion.ts';
import { renameFact, renameValue } from './rename.ts';
import { converted } from './typed.ts';
import { atoms, constant, nullValue, present, termsIn, undefinedValue, type Alternative, type Value } from './value.ts';

/** Where and how a call is made. */
export interface CallSite {
  readonly at: number;
  readonly end: number;
  readonly optional?: boolean;
  /** The written arguments, to change variables that the callee changes in place. */
  readonly nodes?: readonly Item[] | undefined;
  /** `this` of the callee. */
  readonly self?: Value;
  readonly constructs?: boolean;
  /** Where the chain of calls begins. */
  readonly start?: number;
  readonly cached?: (result: Value) => CachedCall;
  /** What the code around expects: a function (the result is called), anything (it is returned), nothing (it is dropped). */
  readonly yields?: 'function' | 'anything' | 'nothing' | undefined;
}

const deepestCalls = 48;
const mostRecursion = 2;

/** Calls a value with arguments. */
export function callValue(
  machine: Machine,
  frame: Frame,
  callee: Value,
  values: readonly Value[],
  site: CallSite,
): Value {
  switch (callee.kind) {
    case 'function': {
      const closure = callee.closure as FunctionClosure;
      const result = callClosure(machine, frame, closure, values, site);
      const declared = machine.declarations.of.get(closure.code);
      return declared === undefined
        ? result
        : applyDeclared(machine, frame, declared, [...closure.bound, ...values], result, site.at);
    }
    case 'choice': {
      const callable = alternativesOf(callee).filter(
        ({ value }) => !(value.kind === 'constant' && (value.value === undefined || value.value === null)),
      );
      const mayMiss = callable.length < alternativesOf(callee).length;
      const work = callable.map(alternative => () => {
        frame.learn(alternative.facts);
        return callValue(machine, frame, alternative.value, values, site);
      });
      if (site.optional === true && mayMiss) work.push(() => undefinedValue);
      return branches(machine, frame, work);
    }
    case 'native': {
      const at = site.start ?? site.at;
      const result = behaviourOf(callee).invoke?.({ machine, frame, arguments: values, at, end: site.end });
      return result ?? callUnknown(machine, frame, callee, callee.native.name, values, site);
    }
    case 'external':
      return callExternal(machine, frame, callee, values, site);
    case 'promise':
      return callValue(machine, frame, callee.value, values, site);
    case 'constant':
      return site.optional === true ? undefinedValue : ended(frame, site.at);
    default:
      return callUnknown(machine, frame, callee, 'call', values, site);
  }
}

/** `receiver.name(…)`. */
export function callMethod(
  machine: Machine,
  frame: Frame,
  receiver: Value,
  name: string,
  values: readonly Value[],
  site: CallSite,
): Value {
  const call: Call = { machine, frame, arguments: values, at: site.start ?? site.at, end: site.end };
  switch (receiver.kind) {
    case 'choice': {
      const work: (() => Value)[] = [];
      const ofElements: Fact[] = [];
      for (const alternative of alternativesOf(receiver)) {
        const inner = alternative.value;
        if (inner.kind === 'constant' && (inner.value === null || inner.value === undefined)) {
          if (site.optional === true) {
            work.push(() => {
              frame.learn(alternative.facts);
              return undefinedValue;
            });
          }
          continue;
        }
        work.push(() => {
          frame.learn(alternative.facts);
          const before = frame.facts;
          const result = callMethod(machine, frame, inner, name, values, site);
          if (name === 'forEach' && !frame.dead)
            ofElements.push(...without(frame.facts, before).filter(fact => fact.each !== undefined));
          return result;
        });
      }
      const result = branches(machine, frame, work);
      // What holds of every element of one list holds wherever there is one of its elements.
      frame.learn(ofElements);
      return result;
    }
    case 'native': {
      const result = behaviourOf(receiver).method?.(name, call);
      if (result !== undefined) return result;
      const member = behaviourOf(receiver).member?.(name, call);
      const own = member?.kind === 'function' && receiver.native.name !== 'namespace' ? { self: receiver } : {};
      if (member !== undefined) return callValue(machine, frame, member, values, { ...site, ...own });
      return callUnknown(machine, frame, receiver, name, values, site);
    }
    case 'external': {
      const path = receiver.path === '' ? name : `${receiver.path}.${name}`;
      return callExternal(machine, frame, { ...receiver, path }, values, site);
    }
    case 'function':
      if (name === 'bind') {
        const closure = receiver.closure as FunctionClosure;
        return {
          ...receiver,
          closure: new FunctionClosure(closure.code, closure.frame, [...closure.bound, ...values.slice(1)]),
        };
      }
      if (name === 'call') return callValue(machine, frame, receiver, values.slice(1), { ...site, ...selfIn(values) });
      if (name === 'apply') {
        const given = values[1]?.kind === 'array' ? values[1].items : [];
        return callValue(machine, frame, receiver, given, { ...site, ...selfIn(values) });
      }
      return callUnknown(machine, frame, receiver, name, values, site);
    case 'promise':
      return promiseMethod(machine, frame, receiver, name, values, site);
    case 'object': {
      const known = rowMethod(machine, receiver, name, call);
      if (known !== undefined) return known;
      const inherited = receiver.fields.has(name) ? undefined : inheritedMethod(receiver, name, call);
      if (inherited !== undefined) return inherited;
      const member = memberOf(machine, frame, receiver, name, site.at, site.optional === true);
      if (member.kind === 'constant') {
        if (site.optional === true) return undefinedValue;
        return callUnknown(machine, frame, receiver, name, values, site);
      }
      if (member.kind === 'function' && receiver.spread.length === 0 && site.nodes !== undefined) {
        return callValue(machine, frame, member, values, { ...site, self: receiver });
      }
      return callValue(machine, frame, member, values, { ...site, self: receiver });
    }
    case 'constant':
      if (receiver.value === null || receiver.value === undefined) {
        return site.optional === true ? undefinedValue : ended(frame, site.at);
      }
      return textMethod(machine, frame, receiver, name, values, site);
    case 'response':
      if (name === 'json' || name === 'text' || name === 'clone')
        return { kind: 'promise', value: receiver.body, facts: [] };
      return callUnknown(machine, frame, receiver, name, values, site);
    default: {
      if (name === 'pipe' || name === 'pipeTo') noteAnswer(call, receiver);
      if (receiver.kind === 'term' && receiver.term.kind === 'opaque') dispatchOwnTools(call, name);
      const role = receiver.kind === 'term' ? askedOfRoles(receiver.term, name, call) : undefined;
      if (role !== undefined) return role;
      const known = receiver.kind === 'row' ? rowMethod(machine, receiver, name, call) : undefined;
      if (known !== undefined) return known;
      if (isArrayLike(receiver)) {
        const result = arrayMethod(machine, frame, receiver, name, values, site.at);
        if (result !== undefined) return result;
      }
      if (receiver.kind === 'term') return textMethod(machine, frame, receiver, name, values, site);
      return callUnknown(machine, frame, receiver, name, values, site);
    }
  }
}

/** `this` of `run.call(self, …)`; arguments are written one place further, so what it changes in them is not told. */
function selfIn([self]: readonly Value[]): Pick<CallSite, 'self' | 'nodes'> {
  return self === undefined || self.kind === 'constant' ? { nodes: undefined } : { self, nodes: undefined };
}

/** A method that an object has from a client of a library that its class extends. */
function inheritedMethod(receiver: Extract<Value, { kind: 'object' }>, name: string, call: Call): Value | undefined {
  for (const part of receiver.spread) {
    const result = part.kind === 'native' ? behaviourOf(part).method?.(name, call) : undefined;
    if (result !== undefined) return result;
  }
  return undefined;
}

const keeps: ReadonlySet<string> = new Set(['toString', 'valueOf', 'toISOString']);
const sends: ReadonlySet<string> = new Set(['enqueue', 'write', 'send', 'writeMessageStreamPart']);
const asks: ReadonlySet<string> = new Set([
  'startsWith',
  'endsWith',
  'includes',
  'test',
  'has',
  'hasOwnProperty',
  'equals',
]);

/** `process.env.ADMINS.includes(email)`: the environment names it. */
function namedBy(
  machine: Machine,
  frame: Frame,
  receiver: Extract<Value, { kind: 'term' | 'constant' }>,
  name: string,
  [value]: readonly Value[],
  site: CallSite,
): readonly Fact[] {
  if (name !== 'includes' || receiver.kind !== 'term' || value?.kind !== 'term') return [];
  const parts = atoms(receiver.term);
  const isOfEnvironment =
    parts.some(part => part.kind === 'environment') &&
    parts.every(part => part.kind === 'environment' || part.kind === 'constant');
  if (!isOfEnvironment) return [];
  const one = callTerm('.[]', [receiver.term]);
  return [conditionFact(equals(value.term, one), machine.place(frame, site.at), machine.code(frame, site.at))];
}

/** A method of a text, number or date, or of a value known only by its provenance. */
function textMethod(
  machine: Machine,
  frame: Frame,
  receiver: Extract<Value, { kind: 'term' | 'constant' }>,
  name: string,
  values: readonly Value[],
  site: CallSite,
): Value {
  if (keeps.has(name)) return name === 'valueOf' ? receiver : converted(receiver, 'string');
  const known = receiver.kind === 'constant' ? constantMethod(receiver.value, name, values) : undefined;
  if (known !== undefined) return known;
  if (asks.has(name))
    return { kind: 'test', whenTrue: namedBy(machine, frame, receiver, name, values, site), whenFalse: [] };
  if (receiver.kind === 'constant' && typeof receiver.value === 'string') {
    if (name === 'split') {
      const [separator] = values;
      if (separator?.kind === 'constant')
        return {
          kind: 'array',
          items: receiver.value
            .split(String(separator.value))
            .slice(0, 16)
            .map(part => constant(part)),
        };
    }
    if (name === 'toLowerCase' || name === 'toUpperCase' || name === 'trim') {
      return constant(
        name === 'trim'
          ? receiver.value.trim()
          : name === 'toLowerCase'
            ? receiver.value.toLowerCase()
            : receiver.value.toUpperCase(),
      );
    }
  }
  if (receiver.kind === 'term' && isAccessor(receiver.term.kind) && name === 'get') {
    const [key] = values;
    return {
      kind: 'term',
      term: key?.kind === 'constant' ? extend(receiver.term, String(key.value)) : extend(receiver.term, '*'),
      maybeUndefined: true,
    };
  }
  if (
    receiver.kind === 'term' &&
    receiver.term.kind === 'client' &&
    receiver.term.path === 'cookie' &&
    name === 'set'
  ) {
    machine.emit(frame, {
      kind: 'call',
      library: 'next/headers',
      callee: 'cookies.set',
      arguments: values,
      place: machine.place(frame, site.at, site.end),
    });
  }
  if (receiver.kind === 'term' && receiver.term.kind === 'opaque' && sends.has(name)) {
    // The controller of a stream, or a socket: what it is given goes to the caller.
    machine.emit(frame, {
      kind: 'return',
      value: values[0] ?? undefinedValue,
      place: machine.place(frame, site.at, site.end),
    });
  }
  if (receiver.kind === 'term' && isWithoutPrefix(receiver.term, name, values)) return receiver;
  runCallbacks(machine, frame, values, site);
  const term = termOf(receiver);
  if (name === 'trim' || name === 'normalize')
    return receiver.kind === 'term' && receiver.truthy === true
      ? present(term)
      : { kind: 'term', term, maybeUndefined: false };
  if (term.kind === 'opaque')
    return machine.opaque(frame, site.at, `'${name}' of something that was not followed (${term.reason})`);
  return { kind: 'term', term: callTerm(name, [term, ...values.filter(isPlain).map(termOf)]), maybeUndefined: false };
}

/** `workspace.id.replace('ws_', '')`: an id of the server's without what the server puts before it names the same row. */
function isWithoutPrefix(term: Term, name: string, [taken, put]: readonly Value[]): boolean {
  const isId =
    (term.kind === 'column' && /(?:^|_)id$|Id$/.test(term.column)) ||
    (term.kind === 'principal' && /(?:^|[._])id$|Id$/.test(term.attribute));
  const isText = (value: Value | undefined, test: (text: string) => boolean): boolean =>
    value?.kind === 'constant' && typeof value.value === 'string' && test(value.value);
  return isId && name === 'replace' && isText(taken, text => text !== '') && isText(put, text => text === '');
}

function isAccessor(kind: string): boolean {
  return kind === 'client' || kind === 'tool-argument' || kind === 'event';
}

function isPlain(value: Value): boolean {
  return value.kind !== 'function' && value.kind !== 'native';
}

/** A call of something that is not understood: its callbacks run, its result depends on everything that went in. */
function callUnknown(
  machine: Machine,
  frame: Frame,
  receiver: Value,
  name: string,
  values: readonly Value[],
  site: CallSite,
): Value {
  if (receiver.kind === 'term' && receiver.term.kind === 'opaque' && mayGuard(undefined, name))
    frame.learn([unfollowedFact({ machine, frame, arguments: values, at: site.at, end: site.end }, undefined, name)]);
  const results = runCallbacks(machine, frame, values, site);
  const [result] = results;
  if (result !== undefined && results.length === 1) return result;
  if (receiver.kind === 'term' && receiver.term.kind !== 'opaque') {
    return {
      kind: 'term',
      term: callTerm(name, [receiver.term, ...values.filter(isPlain).map(termOf)]),
      maybeUndefined: true,
    };
  }
  return machine.opaque(frame, site.at, `the call of '${name}' was not followed`);
}

/** Functions among the arguments of an unknown callee are called once: what they reach is reached. */
export function runCallbacks(
  machine: Machine,
  frame: Frame,
  values: readonly Value[],
  site: Pick<CallSite, 'at' | 'end'>,
  given: readonly Value[] = [],
): readonly Value[] {
  const results: Value[] = [];
  for (const value of values.flatMap(functionsIn)) {
    if (value.kind !== 'function') continue;
    const before = frame.save();
    const closure = value.closure as FunctionClosure;
    const inputs = closure.code.parameters.map(
      (_, index) => given[index] ?? machine.opaque(frame, closure.code.at + index, 'an argument of a callback'),
    );
    const result = callValue(machine, frame, value, inputs, { at: site.at, end: site.end });
    if (!isBottom(result) && !frame.dead) results.push(result);
    leave(frame, before);
  }
  return results;
}

/** Functions handed over: themselves, or as options (`{ onStart: async () => … }`). */
function functionsIn(value: Value): readonly Value[] {
  if (value.kind === 'function') return [value];
  return value.kind === 'object' ? [...value.fields.values()].filter(field => field.kind === 'function') : [];
}

/** A call of a library or the platform. */
export function callExternal(
  machine: Machine,
  frame: Frame,
  callee: Extract<Value, { kind: 'external' }>,
  values: readonly Value[],
  site: CallSite,
): Value {
  const call: Call = { machine, frame, arguments: values, at: site.at, end: site.end };
  const path = callee.path.replaceAll('()', '');
  const handler = findHandler(machine, callee.library, path);
  if (handler !== undefined) {
    const held = machine.remember<{ receiver?: Value }>('receiver', () => ({}));
    const before = held.receiver;
    held.receiver = callee;
    const result = handler(call);
    if (before === undefined) delete held.receiver;
    else held.receiver = before;
    return result;
  }
  const checked = callee.library === undefined ? undefined : validatedValue(callee, values);
  if (checked !== undefined) return checked;
  if (callee.library !== undefined || !quiet.test(path)) {
    const carried = carriedBy(values);
    machine.emit(frame, {
      kind: 'call',
      library: callee.library,
      callee: path,
      arguments: values,
      ...(carried === undefined ? {} : { carried }),
      place: machine.place(frame, site.start ?? site.at, site.end),
    });
  }
  const service =
    callee.library === undefined
      ? undefined
      : serviceQuery({ ...call, at: site.start ?? site.at }, callee.library, callee.path.replaceAll(/\(\)(?=.)/g, ''));
  const kept = keptAnswer(call, callee.library, path);
  if (kept !== undefined) return kept;
  if (service?.answer !== undefined) return service.answer;
  const unknown: Value = {
    kind: 'external',
    library: callee.library,
    path: `${path}()`,
    arguments: [...(service?.inside ?? []), ...callee.arguments, ...values.filter(isPlain)].slice(0, 12),
  };
  if (callee.library !== undefined && runKnownCallbacks(call, callee.library, path)) return unknown;
  if (isListening(path, values)) {
    runCallbacks(machine, frame, values, site);
    return { ...callee, path: callee.path.slice(0, callee.path.lastIndexOf('.')) };
  }
  // A stage of a package that is given the rest of the chain goes on with it.
  const rest = values.find(value => value.kind === 'native' && value.native.name === 'next');
  if (rest !== undefined) return callValue(machine, frame, rest, [], site);
  const functions = values.filter(value => value.kind === 'function');
  const [only] = functions;
  if (isNodeStyle(callee.library, values)) {
    runCallbacks(machine, frame, functions, site, [possibleError, unknown]);
    return undefinedValue;
  }
  if (callee.library !== undefined && mayGuard(callee.library, path)) {
    const fact = unfollowedFact(call, callee.library, path);
    const mayReturn =
      !/\.(?:then|catch|finally)$/.test(path) &&
      (frame.code === undefined || site.yields === 'function' || site.yields === 'anything');
    if (only !== undefined && functions.length === 1 && mayReturn) return guarded(path, only, fact);
    frame.learn([fact]);
  }
  if (only !== undefined && /\.(?:catch|finally)$/.test(path)) return caught(machine, frame, callee, only, site);
  if (
    only !== undefined &&
    functions.length === 1 &&
    (frame.code === undefined || site.yields === 'function') &&
    !/\.(then|catch|on|subscribe)$/.test(path)
  )
    return only;
  if (only !== undefined && functions.length === 1 && site.yields === 'anything') return wrapper(path, only);
  const results = runCallbacks(machine, frame, functions, site);
  // Options with functions in them (`{ onSuccess }`) are told of things; what they return is not what the call returns.
  const told = runCallbacks(
    machine,
    frame,
    values.filter(value => value.kind !== 'function'),
    site,
  );
  const [result] = results;
  const isResult = result !== undefined && results.length === 1;
  const answers = [...(isResult ? [] : results), ...told];
  if (answers.length > 0)
    machine.emit(frame, {
      kind: 'call',
      library: callee.library,
      callee: `${path}()`,
      arguments: answers,
      place: machine.place(frame, site.start ?? site.at, site.end),
    });
  if (!isResult) return unknown;
  // `work().then(use)` is a promise of what `use` gives, whatever that is.
  return path.endsWith('.then') ? { kind: 'promise', value: result, facts: [] } : result;
}

/** `scrypt(password, salt, 64, (error, key) => …)`: what is given last is called with an error or with the result. */
function isNodeStyle(library: string | undefined, values: readonly Value[]): boolean {
  const last = values.at(-1);
  return (
    library !== undefined &&
    /^(?:node:)?(?:crypto|zlib)$/.test(library) &&
    last?.kind === 'function' &&
    (last.closure as FunctionClosure).code.parameters.length === 2
  );
}

const possibleError: Value = choose([nullValue, caughtError].map(value => ({ value, facts: [] })));

/** `client.on('error', report)` gives the client (https://nodejs.org/api/events.html). */
function isListening(path: string, [event, listener]: readonly Value[]): boolean {
  return (
    /\.(?:on|once|off|addListener|prependListener|removeListener)$/.test(path) &&
    event?.kind === 'constant' &&
    typeof event.value === 'string' &&
    listener?.kind === 'function'
  );
}

/** `work().catch(handle)`: what the work gives, or what is done instead when it fails. */
function caught(
  machine: Machine,
  frame: Frame,
  callee: Extract<Value, { kind: 'external' }>,
  handle: Value,
  site: CallSite,
): Value {
  const given: Value = { ...callee, path: callee.path.replace(/\.(?:catch|finally)$/, '') };
  const results = runCallbacks(machine, frame, [handle], site);
  if (callee.path.endsWith('.finally')) return given;
  return choose([given, ...results].map(value => ({ value, facts: [] })));
}

/**
 * What an unknown function returns that was given one function: the same function with something around it (logging,
 * tracing), when it is called; what the function returns, when it is awaited (a retry, a lock).
 */
function wrapper(path: string, only: Value): Value {
  return nativeValue({
    name: 'wrapped function',
    key: `wrapped ${path} ${valueKey(only)}`,
    inside: [only],
    invoke: call => callValue(call.machine, call.frame, only, call.arguments, { at: call.at, end: call.end }),
    settle: call => {
      const [result, ...others] = runCallbacks(call.machine, call.frame, [only], call);
      return result !== undefined && others.length === 0
        ? awaitValue(call.machine, call.frame, result, call.at)
        : call.machine.opaque(call.frame, call.at, `the call of '${path}' was not followed`);
    },
  });
}

/** A function behind a wrapper whose code is not there, and which may be a guard; it may be handed more than it is called with. */
function guarded(path: string, only: Value, fact: Fact): Value {
  const parameters = only.kind === 'function' ? (only.closure as FunctionClosure).code.parameters : [];
  return nativeValue({
    name: 'wrapped function',
    key: `guarded ${path} ${valueKey(only)}`,
    inside: [only],
    invoke: ({ machine, frame, arguments: values, at, end }) => {
      frame.learn([fact]);
      const other = machine.opaque(frame, at, `what '${path}' hands over was not followed`);
      // What stands second for the framework (its parameters) may be a session for the wrapper.
      const known = values.map((value, index) =>
        index > 0 && value.kind === 'object' ? { ...value, spread: [...value.spread, other] } : value,
      );
      return callValue(machine, frame, only, [...known, ...parameters.slice(values.length).map(() => other)], {
        at,
        end,
      });
    },
  });
}

/** Globals whose calls tell an observer nothing. */
const quiet =
  /^(?:Math|console|Intl|Date|Number|String|Symbol|performance|BigInt|isNaN|encodeURIComponent|decodeURIComponent|setTimeout|clearTimeout|Array|Object|typeof)\b/;

/** The model of a callee: by package and path, by package without sub-path, or by the last names of the path. */
function findHandler(machine: Machine, library: string | undefined, path: string): ((call: Call) => Value) | undefined {
  const exact = machine.handlers.get(`${library ?? ''}#${path}`);
  if (exact !== undefined || library === undefined) return exact;
  const root = library.startsWith('@') ? library.split('/').slice(0, 2).join('/') : library.split('/')[0];
  return (
    machine.handlers.get(`${root ?? ''}/*#${path}`) ??
    machine.handlers.get(`${library}#*`) ??
    machine.handlers.get(`${root ?? ''}/*#*`) ??
    machine.handlers.get(`*#${path}`)
  );
}

function promiseMethod(
  machine: Machine,
  frame: Frame,
  receiver: Extract<Value, { kind: 'promise' }>,
  name: string,
  values: readonly Value[],
  site: CallSite,
): Value {
  const [first, second] = values;
  if (name === 'then' && first !== undefined) {
    const before = frame.save();
    frame.learn(receiver.facts);
    const inner = isBottom(receiver.value)
      ? bottom
      : awaitValue(machine, frame, callValue(machine, frame, first, [receiver.value], site), site.at);
    const facts = without(frame.facts, before.facts);
    frame.restore(before);
    const result: Value = { kind: 'promise', value: inner, facts };
    return second === undefined ? result : promiseMethod(machine, frame, result, 'catch', [second], site);
  }
  if (name === 'catch' && first !== undefined) {
    const before = frame.save();
    const handled = awaitValue(machine, frame, callValue(machine, frame, first, [caughtError], site), site.at);
    const dead = frame.dead || isBottom(handled);
    frame.restore(before);
    if (dead) return receiver;
    const lost = receiver.facts
      .filter(fact => fact.weakness === undefined)
      .map((fact): Fact => ({ ...fact, weakness: 'fail-open' }));
    return {
      kind: 'promise',
      value: choose([
        { value: receiver.value, facts: receiver.facts },
        { value: handled, facts: [] },
      ]),
      facts: lost,
    };
  }
  if (name === 'finally') {
    if (first !== undefined) runCallbacks(machine, frame, [first], site);
    return receiver;
  }
  // A forgotten `await`, or a library's own promise with more methods.
  return callMethod(machine, frame, receiver.value, name, values, site);
}

// Functions of the program ---------------------------------------------------------------------------------------------

function callClosure(
  machine: Machine,
  frame: Frame,
  closure: FunctionClosure,
  values: readonly Value[],
  site: CallSite,
): Value {
  const { code } = closure;
  const given = [...closure.bound, ...values];
  if (
    machine.active.length > deepestCalls ||
    machine.active.filter(active => active === code).length >= mostRecursion
  ) {
    if (machine.active.length > deepestCalls)
      machine.gap('Calls are nested deeper than is followed.', machine.place(frame, site.at));
    // What computes on its own reads nothing: its result is made of what it is given.
    return code.isAsync || code.isGenerator
      ? machine.opaque(frame, site.at, whyCut(closure, given, site.self ?? undefinedValue))
      : { kind: 'external', library: undefined, path: `result of ${code.name}`, arguments: given };
  }
  const self = site.self ?? (code.isArrow ? closure.frame.thisValue : undefinedValue);
  if (site.yields === 'nothing' && isQuiet(machine, closure, values, code.usesThis ? self : undefined))
    return undefinedValue;
  const summary = summaryOf(machine, closure, given, self);
  if (summary.effects.length > 0) {
    const place = machine.place(frame, site.at);
    const step = {
      role: 'propagation' as const,
      label: code.name === '' ? 'a callback' : code.name,
      code: machine.code(frame, site.at),
      ...place,
    };
    const isCached =
      code.directive === 'use cache' ||
      (closure.frame.module.directive === 'use cache' && code.parent === undefined && code.isAsync);
    const result = choose(summary.alternatives);
    const cached = site.cached?.(result) ?? (isCached ? useCache(machine, closure, given, result) : undefined);
    frame.effects.push({ kind: 'call', facts: frame.facts, step, effects: summary.effects, cached });
  }
  for (const output of summary.outputs) {
    const node = site.nodes?.[output.index - closure.bound.length];
    if (node?.value.kind === 'name') {
      const holder = frame.holderOf(node.value.binding) ?? frame;
      const before = holder.vars.get(node.value.binding);
      holder.vars.set(node.value.binding, output.value);
      if (holder !== frame) machine.noteChange(holder);
      if (before !== undefined) carryChange(machine, frame, before, output.value);
    }
  }
  if (site.constructs === true) return summary.self;
  const alternatives = summary.alternatives;
  const common = commonFacts(alternatives.map(alternative => alternative.facts));
  const value = choose(
    alternatives.map((alternative): Alternative => ({
      value: alternative.value,
      facts: without(alternative.facts, common),
    })),
  );
  if (code.isAsync) return { kind: 'promise', value, facts: common };
  if (isBottom(value)) {
    frame.dead = true;
    return bottom;
  }
  frame.learn(common);
  return value;
}

/** A function with the directive 'use cache'. */
function useCache(machine: Machine, closure: FunctionClosure, values: readonly Value[], result: Value): CachedCall {
  const file = closure.frame.module.file;
  return {
    id: `${file}#${closure.code.name}`,
    mechanism: 'use-cache',
    name: closure.code.name,
    arguments: values,
    keyParts: [],
    captured: capturedValues(closure),
    place: machine.place(closure.frame, closure.code.at),
    result,
  };
}

/** The values that a function captured from the functions around it, by name. */
export function capturedValues(closure: FunctionClosure): readonly { readonly name: string; readonly value: Value }[] {
  const captured: { name: string; value: Value }[] = [];
  for (const binding of closure.code.captures) {
    const value = closure.frame.valueOf(binding);
    if (value !== undefined) captured.push({ name: binding.name, value });
  }
  return captured;
}

const mostStepsPerCall = 400_000;

function summaryOf(machine: Machine, closure: FunctionClosure, values: readonly Value[], self: Value): Summary {
  const { code } = closure;
  const key = `${code.id}|${closure.captureKey(0)}|${code.usesThis ? valueKey(self) : ''}|${values.map(value => valueKey(value)).join('|')}${machine.storesKey}${keptKey(machine)}`;
  const known = machine.summaries.get(key);
  if (known !== undefined) return known;
  const most = machine.active.includes(code) ? mostSelfCalls : mostInterpretations;
  if (machine.countInterpretation(code) > most) return computed(machine, closure, values, self, most);
  const { stores, steps, oldestChanged } = machine;
  const begun = nextFrameId();
  machine.oldestChanged = Infinity;
  const summary = interpret(machine, closure, values, self);
  const changesOthers = machine.oldestChanged < begun;
  machine.oldestChanged = Math.min(oldestChanged, machine.oldestChanged);
  // What was cut short says nothing for the next entry point, unless the function alone takes a good part of any budget.
  const isTold = machine.steps <= machine.limit || machine.steps - steps > mostStepsPerEntry / 3;
  // A function that changes variables of others (`found[key] = value` in a callback), or what a store holds, must run at each call.
  if (!code.assignsOuter && !changesOthers && summary.complete && machine.stores === stores && isTold)
    machine.summaries.set(key, summary);
  return summary;
}

/** More different arguments than any guard is called with on one path: parsers of templates, comparisons of lists. */
const mostInterpretations = 300;
/** A function that calls itself walks what it is given, part by part: redacting what is logged, copying, comparing. */
const mostSelfCalls = 40;

/** What a function gives that is not followed any more: something computed from its arguments. */
function computed(
  machine: Machine,
  closure: FunctionClosure,
  values: readonly Value[],
  self: Value,
  most: number,
): Summary {
  const { code, frame } = closure;
  const place = machine.place(frame, code.at);
  machine.gap(`'${code.name}' is called in more than ${most} ways from one entry point.`, place);
  const terms = values.flatMap(value => (value.kind === 'term' ? [value.term] : []));
  const name = code.name === '' ? 'callback' : code.name;
  const value: Value =
    terms.length === 0
      ? machine.opaque(frame, code.at, `the call of '${name}' was not followed (too many ways)`)
      : { kind: 'term', term: callTerm(name, terms), maybeUndefined: true };
  return {
    alternatives: [{ value, facts: [] }],
    effects: [],
    outputs: [],
    self,
  };
}

/** A function that fills a cache itself runs again: then it is known what a hit is. */
function interpret(
  machine: Machine,
  closure: FunctionClosure,
  values: readonly Value[],
  self: Value,
): Summary & { readonly complete: boolean } {
  const { lookUps, kept } = machine;
  const first = interpretOnce(machine, closure, values, self);
  const found = machine.lookUps === lookUps ? undefined : keptByItself(machine, first.effects);
  if (found === undefined) return first;
  machine.kept = new Map([...kept, ...found.kept]);
  const again = interpretOnce(machine, closure, values, self);
  machine.kept = kept;
  // Whoever calls it need not look again.
  machine.lookUps = lookUps;
  const names = rowsFoundAgain(machine, found, again.effects);
  if (names.size === 0) return again;
  const alternatives = again.alternatives.map(({ value, facts }) => ({
    value: renameValue(value, names),
    facts: facts.map(fact => renameFact(fact, names)),
  }));
  return { ...again, alternatives: merged(alternatives) };
}

function interpretOnce(
  machine: Machine,
  closure: FunctionClosure,
  values: readonly Value[],
  self: Value,
): Summary & { readonly complete: boolean } {
  const { code } = closure;
  const frame = new Frame(closure.frame.module, code, closure.frame, self);
  const started = machine.steps;
  const recursive = machine.active.includes(code);
  machine.active.push(code);
  machine.interpreted.add(code);
  for (const [index, parameter] of code.parameters.entries())
    bind(machine, frame, parameter, values[index] ?? undefinedValue, code.at);
  if (code.rest !== undefined)
    bind(machine, frame, code.rest, { kind: 'array', items: values.slice(code.parameters.length) }, code.at);
  run(machine, frame, code.body);
  if (!frame.dead) frame.returns.push({ value: undefinedValue, facts: frame.facts });
  const alternatives = code.isAsync
    ? frame.returns.flatMap(returned => settleReturn(machine, frame, returned, code.end))
    : frame.returns;
  if (frame.dead && frame.returns.length === 0) noteEnded(machine, frame, frame.absent);
  for (const action of frame.actions) runAction(machine, frame, action.code, action.facts ?? frame.facts);
  machine.active.pop();
  // Closures keep the frame alive; what its expressions were is asked while it runs only.
  frame.seen.clear();
  if (machine.steps - started > mostStepsPerCall)
    machine.gap(`'${code.name}' takes very many steps to follow.`, machine.place(frame, code.at));
  const outputs = code.parameters.flatMap((parameter, index) => {
    if (parameter.kind !== 'name' || !frame.changed.has(parameter.binding)) return [];
    return [{ index, value: frame.vars.get(parameter.binding) ?? undefinedValue }];
  });
  return {
    alternatives: merged(alternatives),
    effects: frame.effects,
    outputs,
    self: frame.thisValue,
    complete: !recursive,
  };
}

/** An inline server action is an entry point of its own: its arguments come from the caller, what it captured from the page. */
function runAction(machine: Machine, frame: Frame, code: FunctionClosure['code'], facts: readonly Fact[]): void {
  const closure = new FunctionClosure(code, frame);
  const { file } = frame.module;
  const { line } = machine.place(frame, code.at);
  const name = code.name === '' ? `inline${line}` : code.name;
  const entryPoint: EntryPoint = { kind: 'server-action', name: `action ${file}#${name}`, file, line, symbol: name };
  machine.foundEntries.set(entryPoint.name, entryPoint);
  const captured = capturedValues(closure);
  const bound = captured.some(({ value }) =>
    termsIn(value).some(term => term.kind === 'principal' || term.kind === 'column'),
  );
  const before = frame.save();
  const outer = frame.effects;
  frame.effects = [];
  frame.dead = false;
  // Captured values are encrypted by Next.js: what was checked about them still holds.
  frame.facts = bound ? facts : [];
  const given = frame.facts;
  const value = interpretInline(machine, frame, code, clientArguments(code.parameters));
  const { effects, facts: after } = frame;
  frame.effects = outer;
  frame.restore(before);
  const flat = effects.map(effect => (effect.kind === 'call' ? { ...effect, step: undefined } : effect));
  frame.effects.push({ kind: 'entry', facts: given, entryPoint, effects: flat, value, valueFacts: after });
}

/** Arguments that the caller sends, named by the parameters they arrive in. */
export function clientArguments(parameters: readonly Pattern[]): readonly Value[] {
  return parameters.map((parameter, index): Value => {
    const name = parameterName(parameter) ?? (parameters.length === 1 ? 'input' : `argument${index + 1}`);
    return { kind: 'term', term: { kind: 'client', path: name }, maybeUndefined: true };
  });
}

function parameterName(pattern: Pattern): string | undefined {
  if (pattern.kind === 'name') return pattern.binding.name;
  return pattern.kind === 'default' ? parameterName(pattern.pattern) : undefined;
}

/** What an async function returns is awaited before its caller sees it. */
function settleReturn(machine: Machine, frame: Frame, returned: Alternative, at: number): readonly Alternative[] {
  const inner = returned.value;
  if (inner.kind !== 'promise' && inner.kind !== 'native' && inner.kind !== 'choice') return [returned];
  const wasDead = frame.dead;
  const before = frame.facts;
  frame.dead = false;
  frame.facts = returned.facts;
  const value = awaitValue(machine, frame, inner, at);
  const facts = frame.facts;
  const gone = frame.dead || isBottom(value);
  frame.dead = wasDead;
  frame.facts = before;
  return gone ? [] : [{ value, facts }];
}

function merged(alternatives: readonly Alternative[]): readonly Alternative[] {
  const value = choose(alternatives);
  if (value.kind !== 'choice')
    return [{ value, facts: commonFacts(alternatives.map(alternative => alternative.facts)) }];
  return alternativesOf(value);
}

/** Runs work with more facts than hold here; afterwards the frame is as before. */
export function within<T>(frame: Frame, facts: readonly Fact[], work: () => T): T {
  const before = frame.save();
  frame.facts = addFacts(frame.facts, facts);
  const result = work();
  leave(frame, before);
  return result;
}

/** A function of a library, as a value that can be passed on. */
export function handlerValue(name: string, key: string, invoke: (call: Call) => Value): Value {
  return nativeValue({ name, key, invoke });
}

/** A method that is taken from its object and called later (`const { select } = db`, `db.select.bind(db)`). */
export function methodValue(owner: NativeValue, name: string): Value {
  const native: NativeValue = {
    name: `method ${name}`,
    key: `method ${name} of ${owner.key}`,
    invoke: call => owner.method?.(name, call) ?? call.machine.opaque(call.frame, call.at, `the call of '${name}'`),
    method: (how, call) => {
      if (how === 'bind') return nativeValue(native);
      if (how === 'call') return native.invoke?.({ ...call, arguments: call.arguments.slice(1) });
      return undefined;
    },
  };
  return nativeValue(native);
}

/** Runs an inline server action that nothing created on the way: what it captured is not known. */
export function interpretInline(
  machine: Machine,
  frame: Frame,
  code: FunctionClosure['code'],
  values: readonly Value[],
): Value {
  const value = callClosure(machine, frame, new FunctionClosure(code, frame), values, { at: code.at, end: code.end });
  return frame.dead ? bottom : awaitValue(machine, frame, value, code.at);
}
