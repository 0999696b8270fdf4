import type { Binding, FunctionCode } from '../../../collect/source/ir.ts';
import { callValue, runCallbacks } from '../calls.ts';
import { addFacts, commonFacts, without } from '../facts.ts';
import { nativeValue, type Call, type Effect, type FunctionClosure, type Handler } from '../machine.ts';
import { bottom, choose } from '../operations.ts';
import type { Fact } from '../types.ts';
import { undefinedValue, type Alternative, type Value } from '../value.ts';
import { walkFunctionBody } from '../walk.ts';

/**
 * `new Promise((resolve, reject) => …)`: it becomes what `resolve` is called with, and what held there holds for whoever
 * awaits it. Middleware of Express is waited for like this, and old Prisma transactions, uploads, streams.
 */
const newPromise: Handler = call => {
  const { machine, frame } = call;
  const [executor] = call.arguments;
  if (executor?.kind !== 'function') {
    runCallbacks(machine, frame, call.arguments, call);
    return machine.opaque(frame, call.at, 'a promise that something else settles');
  }
  const { code } = executor.closure as FunctionClosure;
  const { file } = frame.module;
  const promise = `${file}:${call.at}`;
  const { facts, effects } = frame;
  frame.effects = [];
  callValue(machine, frame, executor, [settling('resolve', promise), settling('reject', promise)], call);
  const settled = settlements(frame.effects, promise, []);
  frame.effects = [...effects, ...frame.effects];
  frame.facts = facts;
  frame.dead = false;
  return { kind: 'promise', ...joined([...settled, ...unseen(call, code, settled.length > 0)]) };
};

function joined(alternatives: readonly Alternative[]): { readonly value: Value; readonly facts: readonly Fact[] } {
  if (alternatives.length === 0) return { value: bottom, facts: [] };
  const facts = commonFacts(alternatives.map(alternative => alternative.facts));
  const value = choose(
    alternatives.map(alternative => ({ value: alternative.value, facts: without(alternative.facts, facts) })),
  );
  return { value, facts };
}

function settling(how: 'resolve' | 'reject', promise: string): Value {
  return nativeValue({
    name: how,
    key: `${how} ${promise}`,
    invoke: ({ frame, arguments: [value = undefinedValue] }) => {
      if (how === 'resolve') frame.effects.push({ kind: 'settled', promise, value, facts: frame.facts });
      return undefinedValue;
    },
  });
}

/** With what a promise was resolved, each with what held there: below calls, the callers' facts hold as well. */
function settlements(effects: readonly Effect[], promise: string, known: readonly Fact[]): readonly Alternative[] {
  return effects.flatMap((effect): readonly Alternative[] => {
    if (effect.kind === 'call') return settlements(effect.effects, promise, addFacts(known, effect.facts));
    if (effect.kind !== 'settled' || effect.promise !== promise) return [];
    return [{ value: effect.value, facts: addFacts(known, effect.facts) }];
  });
}

/** What may settle the promise besides: code that was handed `resolve`, or that called it where nothing was followed. */
function unseen(call: Call, code: FunctionCode, isSettled: boolean): readonly Alternative[] {
  const [parameter] = code.parameters;
  const binding = parameter?.kind === 'name' ? parameter.binding : undefined;
  const uses = binding === undefined ? 'none' : usesOf(code, binding);
  if (uses === 'none' || (uses === 'called' && isSettled)) return [];
  return [{ value: call.machine.opaque(call.frame, call.at, 'what settles a promise was not followed'), facts: [] }];
}

/** Whether a function is only called in the code (`resolve(x)`, `work.then(resolve)`), or handed on. */
function usesOf(code: FunctionCode, binding: Binding): 'none' | 'called' | 'handed on' {
  let mentions = 0;
  let calls = 0;
  walkFunctionBody(code, expression => {
    if (expression.kind === 'name' && expression.binding === binding) mentions += 1;
    if (expression.kind !== 'call') return;
    const { callee } = expression;
    const isThen = callee.kind === 'member' && callee.property === 'then';
    const called = [callee, ...(isThen ? expression.arguments.map(item => item.value) : [])];
    calls += called.filter(item => item.kind === 'name' && item.binding === binding).length;
  });
  if (mentions === 0) return 'none';
  return calls === mentions ? 'called' : 'handed on';
}

/** Promises that the program settles itself. */
export const promiseHandlers: Readonly<Record<string, Handler>> = {
  '#new Promise': newPromise,
};
