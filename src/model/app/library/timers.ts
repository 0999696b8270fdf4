import type { EntryPoint } from '../../../core/path.ts';
import { callValue, capturedValues } from '../calls.ts';
import { distinctName, runFound } from '../entry/found.ts';
import type { Call, FunctionClosure, Handler } from '../machine.ts';
import type { Fact } from '../types.ts';
import { fieldOf, undefinedValue, visit, type Value } from '../value.ts';

/**
 * What a timer of the process runs: nobody asks for it, whoever started the timer. Where it holds on to what came with a
 * request, it is the request's own work that goes on later.
 */
const scheduled: Handler = call => {
  const work = call.arguments.flatMap(argument =>
    argument.kind === 'function' ? [argument] : [fieldOf(argument, 'onTick') ?? undefinedValue],
  );
  for (const callback of work) if (callback.kind === 'function') start(call, callback);
  return { kind: 'external', library: 'node-cron', path: 'task', arguments: [] };
};

function start(call: Call, callback: Extract<Value, { kind: 'function' }>): void {
  const { machine, frame, at, end } = call;
  if (isOfRequest(callback)) {
    const before = frame.save();
    callValue(machine, frame, callback, [], { at, end });
    frame.restore(before);
    return;
  }
  const { file, line } = callback;
  const fact: Fact = { holds: { kind: 'system' }, place: { file, line }, label: 'a timer of the app runs it' };
  const name = distinctName(machine, `cron ${callback.name === '' ? `${file}:${line}` : callback.name}`, callback);
  const entryPoint: EntryPoint = { kind: 'cron', name, file, line, symbol: callback.name };
  const { facts } = frame;
  frame.facts = [fact];
  runFound(call, entryPoint, inner => callValue(inner.machine, inner.frame, callback, [], { at, end }));
  frame.facts = facts;
}

const deepest = 4;

/** Whether a function holds something that came with a request, itself or through functions that it holds. */
function isOfRequest(callback: Extract<Value, { kind: 'function' }>, depth = 0): boolean {
  return capturedValues(callback.closure as FunctionClosure).some(({ value }) => {
    let found = false;
    visit(value, inner => {
      if (inner.kind === 'term') found ||= inner.term.kind !== 'constant' && inner.term.kind !== 'environment';
      else if (inner.kind === 'row' || inner.kind === 'list') found = true;
      else if (inner.kind === 'native') found ||= inner.native.name === 'request';
      else if (inner.kind === 'function') found ||= depth > deepest || isOfRequest(inner, depth + 1);
    });
    return found;
  });
}

/** Timers: packages that run functions at certain times. */
export const timerHandlers: Readonly<Record<string, Handler>> = {
  'node-cron/*#schedule': scheduled,
  'node-cron/*#node-cron.schedule': scheduled,
  'cron#new CronJob': scheduled,
  'cron#CronJob.from': scheduled,
  'croner#new Cron': scheduled,
  'croner#Cron': scheduled,
  'node-schedule/*#scheduleJob': scheduled,
  'node-schedule/*#node-schedule.scheduleJob': scheduled,
};
