import type { Expression, Pattern, Statement } from '../../collect/source/ir.ts';
import { elementKeys, forEveryElement } from './each.ts';
import { noteEnded } from './ended.ts';
import { addFacts, commonFacts, weaken, without } from './facts.ts';
import { assign, awaitValue, evaluate, iterated, memberOf } from './expressions.ts';
import { FunctionClosure, type Frame, type Machine, type State } from './machine.ts';
import { assumeExpression, assumeSame } from './narrow.ts';
import { alternativesOf, bottom, choose, isBottom, joinValues, promote } from './operations.ts';
import { noteNamed, noteTested } from './tested.ts';
import type { Fact } from './types.ts';
import { undefinedValue, type Alternative, type Value } from './value.ts';

/** Runs statements in order; afterwards `frame.dead` says whether the code after them is reached. */
export function run(machine: Machine, frame: Frame, body: readonly Statement[]): void {
  for (const statement of body) {
    if (frame.dead && statement.kind !== 'function') continue;
    machine.steps += 1;
    runOne(machine, frame, statement);
  }
}

function runOne(machine: Machine, frame: Frame, statement: Statement): void {
  switch (statement.kind) {
    case 'function':
      frame.vars.set(statement.binding, functionValue(machine, frame, statement.code, true));
      return;
    case 'declare': {
      const value = statement.init === undefined ? undefinedValue : evaluate(machine, frame, statement.init);
      if (!frame.dead) {
        noteNamed(frame, statement.pattern, value);
        bind(machine, frame, statement.pattern, value, statement.at);
      }
      return;
    }
    case 'expression': {
      const call = droppedCall(statement.expression);
      if (call !== undefined) frame.wanted = { call, as: 'nothing' };
      const value = evaluate(machine, frame, statement.expression);
      if (statement.expression.kind !== 'assign')
        noteDropped(machine, frame, value, statement.expression.kind === 'await', statement.at);
      return;
    }
    case 'return': {
      // An async function waits for what it returns: it is no function then.
      if (statement.value?.kind === 'call' && frame.code?.isAsync === false)
        frame.wanted = { call: statement.value, as: 'anything' };
      const value = statement.value === undefined ? undefinedValue : evaluate(machine, frame, statement.value);
      if (!frame.dead && !isBottom(value)) frame.returns.push({ value, facts: frame.facts });
      frame.dead = true;
      return;
    }
    case 'throw': {
      const value = evaluate(machine, frame, statement.value);
      if (!frame.dead)
        machine.emit(frame, {
          kind: 'exit',
          how: 'throw',
          status: undefined,
          message: messageIn(value),
          because: frame.facts.slice(-3),
          place: machine.place(frame, statement.at),
        });
      frame.dead = true;
      return;
    }
    case 'block':
      run(machine, frame, statement.body);
      return;
    case 'if': {
      const value = evaluate(machine, frame, statement.test);
      if (frame.dead) return;
      noteTested(frame, statement.test);
      branches(machine, frame, [
        () => {
          if (!assumeExpression(machine, frame, statement.test, value, true)) frame.dead = true;
          else run(machine, frame, statement.then);
          return undefinedValue;
        },
        () => {
          if (!assumeExpression(machine, frame, statement.test, value, false)) frame.dead = true;
          else run(machine, frame, statement.else);
          return undefinedValue;
        },
      ]);
      return;
    }
    case 'each':
      runEach(machine, frame, statement);
      return;
    case 'loop':
      runLoop(machine, frame, statement);
      return;
    case 'try':
      runTry(machine, frame, statement);
      return;
    case 'switch':
      runSwitch(machine, frame, statement);
      return;
    case 'jump':
      frame.jumps.push(frame.save());
      frame.dead = true;
      return;
  }
}

/** The call of a statement that is nothing else: nobody uses its result. */
function droppedCall(expression: Expression): Expression | undefined {
  if (expression.kind === 'await' || expression.kind === 'unary') return droppedCall(expression.operand);
  return expression.kind === 'call' ? expression : undefined;
}

/** The value of a function expression in a frame. */
export function functionValue(machine: Machine, frame: Frame, code: FunctionClosure['code'], hoisted = false): Value {
  if (code.directive === 'use server' && frame.code !== undefined)
    frame.actions.push({ code, facts: hoisted ? undefined : frame.facts });
  const { line } = machine.place(frame, code.at);
  return {
    kind: 'function',
    name: code.name,
    file: frame.module.file,
    line,
    closure: new FunctionClosure(code, frame),
  };
}

/** Runs each branch from the same state and joins the states of those that go on. Gives their values with what each knew. */
export function branches(_machine: Machine, frame: Frame, work: readonly (() => Value)[]): Value {
  const before = frame.save();
  const ends: { state: State; value: Value }[] = [];
  for (const branch of work) {
    frame.restore(before);
    const value = branch();
    if (!frame.dead && !isBottom(value)) ends.push({ state: frame.save(), value });
  }
  if (ends.length === 0) {
    frame.restore(before);
    frame.dead = true;
    return bottom;
  }
  const common = join(
    frame,
    ends.map(end => end.state),
  );
  return choose(ends.map((end): Alternative => ({ value: end.value, facts: without(end.state.facts, common) })));
}

/** Puts the frame into the join of the states; gives the facts they have in common. */
export function join(frame: Frame, states: readonly State[]): readonly Fact[] {
  const [first, ...rest] = states;
  if (first === undefined) {
    frame.dead = true;
    return frame.facts;
  }
  frame.restore(first);
  if (rest.length === 0) return first.facts;
  const common = commonFacts(states.map(state => state.facts));
  for (const state of rest) {
    joinVariables(frame, first, state, common);
    if (state.refined !== first.refined)
      for (const [path, value] of frame.refined) if (state.refined.get(path) !== value) frame.refined.delete(path);
    if (frame.thisValue !== state.thisValue) frame.thisValue = joinValues(frame.thisValue, [], state.thisValue, []);
  }
  frame.facts = common;
  return common;
}

function joinVariables(frame: Frame, first: State, state: State, common: readonly Fact[]): void {
  // Nothing was written in either branch.
  if (state.vars === first.vars && frame.vars.snapshot() === first.vars) return;
  // A narrowed copy of an outer function's variable counts only where every branch narrowed it.
  for (const binding of frame.vars.keys())
    if (binding.owner !== frame.code && !state.vars.has(binding)) frame.vars.delete(binding);
  let mine: readonly Fact[] | undefined;
  let theirs: readonly Fact[] | undefined;
  for (const [binding, value] of state.vars) {
    const known = frame.vars.get(binding);
    if (known === undefined) {
      if (binding.owner === frame.code) frame.vars.set(binding, value);
    } else if (known !== value) {
      mine ??= without(first.facts, common);
      theirs ??= without(state.facts, common);
      frame.vars.set(binding, joinValues(known, mine, value, theirs));
    }
  }
}

/** Back to before a call whose findings do not hold here; what it changed in variables may have happened. */
export function leave(frame: Frame, before: State): void {
  if (frame.vars.snapshot() === before.vars) {
    frame.restore(before);
    return;
  }
  const changed = [...frame.vars].filter(
    ([binding, value]) => before.vars.has(binding) && before.vars.get(binding) !== value,
  );
  frame.restore(before);
  for (const [binding, value] of changed)
    frame.vars.set(binding, joinValues(before.vars.get(binding) ?? value, [], value, []));
}

/** A promise or an answer that nobody uses: what it would have shown is kept as weak. */
function noteDropped(machine: Machine, frame: Frame, value: Value, awaited: boolean, at: number): void {
  if (frame.dead) return;
  if (value.kind === 'promise') {
    frame.learn(weaken(guardFacts(value), 'not-awaited').map(fact => ({ ...fact, place: machine.place(frame, at) })));
    return;
  }
  if (!awaited && value.kind !== 'choice' && value.kind !== 'test') return;
  frame.learn(weaken(guardFacts(value), 'result-dropped').map(fact => ({ ...fact, place: machine.place(frame, at) })));
}

/** What a value would show if it were tested. */
export function guardFacts(value: Value): readonly Fact[] {
  if (value.kind === 'promise') return [...value.facts, ...guardFacts(value.value)];
  if (value.kind === 'test') return value.whenTrue;
  if (value.kind !== 'choice') return [];
  const alternatives = alternativesOf(value);
  const telling = alternatives.filter(
    alternative => !(alternative.value.kind === 'constant' && !alternative.value.value),
  );
  if (telling.length === alternatives.length) return [];
  return (
    promote(
      telling.map(({ value: inner, facts }) => ({
        value: inner,
        facts: inner.kind === 'test' ? [...facts, ...inner.whenTrue] : facts,
      })),
    )?.facts ?? []
  );
}

function messageIn(value: Value): string | undefined {
  if (value.kind === 'external') {
    const [first] = value.arguments;
    return first?.kind === 'constant' && typeof first.value === 'string' ? first.value : undefined;
  }
  return undefined;
}

const mostUnrolled = 16;

function runEach(machine: Machine, frame: Frame, statement: Extract<Statement, { kind: 'each' }>, again = false): void {
  const over = awaitValue(machine, frame, evaluate(machine, frame, statement.over), statement.at);
  if (frame.dead) return;
  const outerJumps = frame.jumps;
  const items = over.kind === 'array' && over.items.length <= mostUnrolled ? over.items : undefined;
  if (items !== undefined && !statement.keys) {
    for (const item of items) {
      if (frame.dead) break;
      frame.jumps = [];
      bind(machine, frame, statement.pattern, item, statement.at);
      run(machine, frame, statement.body);
      const states = [...(frame.dead ? [] : [frame.save()]), ...frame.jumps];
      join(frame, states.map(alive));
    }
    frame.jumps = outerJumps;
    return;
  }
  for (const { value: collection, facts } of alternativesOf(over)) {
    if (collection.kind === 'array' && collection.items.length === 0) continue;
    const before = frame.save();
    frame.jumps = [];
    frame.learn(facts);
    const { element, facts: known } = statement.keys
      ? { element: machine.opaque(frame, statement.at, 'a key of an object'), facts: [] }
      : iterated(machine, frame, collection, statement.at);
    frame.learn(known);
    bind(machine, frame, statement.pattern, element, statement.at);
    const outerLoop = frame.loop;
    frame.loop = before.facts;
    run(machine, frame, statement.body);
    frame.loop = outerLoop;
    // What each turn establishes holds of every element afterwards, unless a turn may end early.
    const learned = frame.dead || frame.jumps.length > 0 ? [] : without(frame.facts, before.facts);
    const states = [before, ...(frame.dead ? [] : [frame.save()]), ...frame.jumps.map(alive)];
    join(frame, states);
    frame.facts = addFacts(before.facts, forEveryElement(learned, elementKeys(machine, collection, element)));
    if (!again && !frame.dead && keptMore(before, frame)) {
      frame.jumps = outerJumps;
      runEach(machine, frame, statement, true);
      return;
    }
  }
  frame.jumps = outerJumps;
}

/** A map was filled: what a later turn finds in it, the first one did not. */
function keptMore(before: State, frame: Frame): boolean {
  if (frame.vars.snapshot() === before.vars) return false;
  for (const [binding, value] of frame.vars)
    if (value !== before.vars.get(binding) && alternativesOf(value).some(({ value: inner }) => isMap(inner)))
      return true;
  return false;
}

function isMap(value: Value): boolean {
  return value.kind === 'native' && value.native.name === 'Map';
}

function alive(state: State): State {
  return { ...state, dead: false };
}

function runLoop(machine: Machine, frame: Frame, statement: Extract<Statement, { kind: 'loop' }>, again = false): void {
  if (!again) run(machine, frame, statement.init);
  if (frame.dead) return;
  const outerJumps = frame.jumps;
  frame.jumps = [];
  const before = frame.save();
  if (statement.test !== undefined) {
    const value = evaluate(machine, frame, statement.test);
    if (!frame.dead && statement.testFirst && !assumeExpression(machine, frame, statement.test, value, true)) {
      frame.restore(before);
      frame.jumps = outerJumps;
      return;
    }
  }
  run(machine, frame, statement.body);
  if (!frame.dead && statement.update !== undefined) evaluate(machine, frame, statement.update);
  const states = [
    ...(statement.testFirst ? [before] : []),
    ...(frame.dead ? [] : [frame.save()]),
    ...frame.jumps.map(alive),
  ];
  join(frame, states);
  frame.jumps = outerJumps;
  if (!again && !frame.dead && keptMore(before, frame)) runLoop(machine, frame, statement, true);
}

function runTry(machine: Machine, frame: Frame, statement: Extract<Statement, { kind: 'try' }>): void {
  const before = frame.save();
  const seen = { absent: frame.absent.length, returns: frame.returns.length };
  run(machine, frame, statement.body);
  if (frame.dead && frame.returns.length === seen.returns) noteEnded(machine, frame, frame.absent.slice(seen.absent));
  if (statement.handler !== undefined) {
    const end = frame.save();
    // The handler may start after any part of the body: with what was known before it.
    join(frame, [before, alive(end)]);
    frame.facts = before.facts;
    frame.dead = false;
    if (statement.parameter !== undefined) bind(machine, frame, statement.parameter, caughtError, statement.at);
    run(machine, frame, statement.handler);
    if (frame.dead) frame.restore(end);
    else if (!end.dead) {
      const handled = frame.save();
      const common = join(frame, [end, handled]);
      frame.learn(weaken(without(end.facts, common), 'fail-open'));
    } else {
      frame.learn(weaken(without(end.facts, frame.facts), 'fail-open'));
    }
  }
  if (statement.finalizer.length > 0) {
    const wasDead = frame.dead;
    frame.dead = false;
    run(machine, frame, statement.finalizer);
    frame.dead = wasDead || frame.dead;
  }
}

/** What was thrown: an error, which is never nothing. Where it was caught says nothing of it. */
export const caughtError: Value = {
  kind: 'term',
  term: { kind: 'opaque', id: 'a caught error', reason: 'a caught error' },
  maybeUndefined: false,
  truthy: true,
};

function runSwitch(machine: Machine, frame: Frame, statement: Extract<Statement, { kind: 'switch' }>): void {
  const value = evaluate(machine, frame, statement.value);
  if (frame.dead) return;
  const outerJumps = frame.jumps;
  const before = frame.save();
  const ends: State[] = [];
  const cases = statement.cases;
  for (const [index, branch] of cases.entries()) {
    if (branch.test !== undefined && branch.body.length === 0 && index < cases.length - 1) continue;
    frame.restore(before);
    frame.jumps = [];
    const labels = labelsBefore(cases, index);
    const tests = labels.filter(test => test !== undefined).map(test => evaluate(machine, frame, test));
    const [only] = tests;
    if (
      only !== undefined &&
      tests.length === 1 &&
      labels.length === 1 &&
      !assumeSame(machine, frame, statement.value, value, only, true)
    )
      continue;
    for (let next = index; next < cases.length && !frame.dead; next += 1) run(machine, frame, cases[next]?.body ?? []);
    if (!frame.dead) ends.push(frame.save());
    ends.push(...frame.jumps.map(alive));
  }
  if (!cases.some(branch => branch.test === undefined)) ends.push(before);
  frame.jumps = outerJumps;
  if (ends.length === 0) frame.dead = true;
  else join(frame, ends);
}

function labelsBefore(
  cases: Extract<Statement, { kind: 'switch' }>['cases'],
  index: number,
): Extract<Statement, { kind: 'switch' }>['cases'][number]['test'][] {
  const labels = [cases[index]?.test];
  for (let previous = index - 1; previous >= 0 && cases[previous]?.body.length === 0; previous -= 1)
    labels.push(cases[previous]?.test);
  return labels;
}

/** Gives the names of a pattern their values. */
export function bind(machine: Machine, frame: Frame, pattern: Pattern, value: Value, at: number): void {
  switch (pattern.kind) {
    case 'name':
      frame.vars.set(pattern.binding, value);
      frame.keep(pattern.binding, value);
      forget(frame, pattern.binding.id);
      return;
    case 'default': {
      const alternatives = alternativesOf(value);
      const kept = alternatives.flatMap((alternative): Alternative[] => {
        const inner = alternative.value;
        if (inner.kind === 'constant' && inner.value === undefined) return [];
        return [
          inner.kind === 'term' && inner.maybeUndefined
            ? { ...alternative, value: { ...inner, maybeUndefined: false } }
            : alternative,
        ];
      });
      const mayMiss = alternatives.some(
        ({ value: inner }) =>
          (inner.kind === 'constant' && inner.value === undefined) || (inner.kind === 'term' && inner.maybeUndefined),
      );
      if (mayMiss) kept.push({ value: evaluate(machine, frame, pattern.value), facts: [] });
      bind(machine, frame, pattern.pattern, choose(kept), at);
      return;
    }
    case 'object': {
      const taken: string[] = [];
      for (const property of pattern.properties) {
        if (typeof property.key === 'string') {
          taken.push(property.key);
          bind(
            machine,
            frame,
            property.value,
            memberOf(machine, frame, value, property.key, pattern.at, false),
            pattern.at,
          );
        } else bind(machine, frame, property.value, machine.opaque(frame, pattern.at, 'a computed field'), pattern.at);
      }
      if (pattern.rest !== undefined) bind(machine, frame, pattern.rest, restOf(value, taken), pattern.at);
      return;
    }
    case 'array':
      for (const [index, item] of pattern.items.entries()) {
        if (item !== undefined)
          bind(machine, frame, item, memberOf(machine, frame, value, String(index), pattern.at, false), pattern.at);
      }
      if (pattern.rest !== undefined)
        bind(
          machine,
          frame,
          pattern.rest,
          value.kind === 'array' ? { kind: 'array', items: value.items.slice(pattern.items.length) } : value,
          pattern.at,
        );
      return;
    case 'target':
      assign(machine, frame, pattern, value);
  }
}

/** An object without the fields that were taken out of it. */
function restOf(value: Value, taken: readonly string[]): Value {
  if (value.kind === 'object')
    return { ...value, fields: new Map([...value.fields].filter(([name]) => !taken.includes(name))) };
  if (value.kind === 'row') {
    if (value.fields === undefined) return value;
    const fields = new Map([...value.fields].filter(([name]) => !taken.includes(name)));
    return { ...value, fields, columns: undefined, row: value.row };
  }
  if (value.kind === 'choice')
    return choose(value.alternatives.map(({ value: inner, facts }) => ({ value: restOf(inner, taken), facts })));
  return value;
}

/** What was found out about fields of a variable no longer counts once it is assigned. */
export function forget(frame: Frame, bindingId: number): void {
  if (frame.refined.size === 0) return;
  for (const path of frame.refined.keys()) if (path.startsWith(`${bindingId}.`)) frame.refined.delete(path);
}
