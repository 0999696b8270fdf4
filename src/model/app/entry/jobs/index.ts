import { isProgram } from '../../../../collect/source/files.ts';
import { callValue } from '../../calls.ts';
import type { EntryPoint } from '../../../../core/path.ts';
import { awaitValue, evaluateModule, exportValue, moduleFrame, peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { applySchema } from '../../library/zod.ts';
import { Frame, nativeValue, type Call, type FunctionClosure, type Handler, type Machine } from '../../machine.ts';
import { bottom, isBottom } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { runFound } from '../found.ts';
import { handOff, jobEntry, jobsWithoutProducer, noteJob } from './registry.ts';

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

function fieldIn(value: Value | undefined, name: string): Value | undefined {
  if (value?.kind !== 'object') return undefined;
  const found = peekMember(value, name, true);
  return found?.kind === 'constant' && found.value === undefined ? undefined : found;
}

function itemsOf(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return value.kind === 'array' ? value.items : value.kind === 'list' ? [value.element] : [value];
}

/** The instance that a method is called on. */
function receiverOf(call: Call): Extract<Value, { kind: 'external' }> | undefined {
  const held = call.machine.memory.get('receiver') as { receiver?: Extract<Value, { kind: 'external' }> } | undefined;
  return held?.receiver;
}

/** What was sent is told to observers, as any call of a library. */
function told(call: Call, library: string): void {
  const { machine, frame, at, end } = call;
  const callee = receiverOf(call)?.path.replaceAll('()', '') ?? library;
  const place = machine.place(frame, at, end);
  machine.emit(frame, { kind: 'call', library, callee, arguments: call.arguments, place });
}

const sent = (call: Call): Value => ({
  kind: 'promise',
  value: call.machine.opaque(call.frame, call.at, 'the receipt of a job'),
  facts: [],
});

// Inngest --------------------------------------------------------------------------------------------------------------

/** `inngest.createFunction({ id }, { event }, handler)`; later editions name the triggers in the first argument. */
const createFunction: Handler = call => {
  const [options, ...rest] = call.arguments;
  const handler = rest.at(-1);
  if (handler?.kind !== 'function') return undefinedValue;
  const triggers = [fieldIn(options, 'triggers'), rest.length > 1 ? rest[0] : undefined].flatMap(itemsOf);
  const events = triggers.flatMap(trigger => textOf(fieldIn(trigger, 'event')) ?? textOf(trigger) ?? []);
  const id = textOf(fieldIn(options, 'id')) ?? events[0] ?? 'function';
  const place = call.machine.place(call.frame, call.at);
  noteJob(call.machine, {
    topics: [...events.map(event => `inngest ${event}`), `inngest function ${id}`],
    id,
    place,
    run: (inner, payload) => {
      const event = objectOf({ name: constant(events[0] ?? id), data: payload, user: payload });
      const given = objectOf({ event, events: { kind: 'array', items: [event] }, step, attempt: constant(0) });
      return callValue(inner.machine, inner.frame, handler, [given], { at: inner.at, end: inner.end });
    },
  });
  return nativeValue({ name: 'inngest function', key: `inngest function ${place.file}:${place.line}` });
};

/** `step`: runs parts of a function, and sends more events. */
const step: Value = nativeValue({
  name: 'step',
  key: 'inngest step',
  method: (name, call) => {
    const { machine, frame, at, end } = call;
    const [, second, ...more] = call.arguments;
    if (name === 'run' && second !== undefined) {
      const value = callValue(machine, frame, second, more, { at, end });
      if (frame.dead || isBottom(value)) return bottom;
      return { kind: 'promise', value: awaitValue(machine, frame, value, at), facts: [] };
    }
    if (name === 'sendEvent') sendEvents(call, second);
    return { kind: 'promise', value: machine.opaque(frame, at, `what '${name}' of a step gives`), facts: [] };
  },
});

function sendEvents(call: Call, events: Value | undefined): void {
  for (const event of itemsOf(events)) {
    const name = textOf(fieldIn(event, 'name'));
    if (name !== undefined) handOff(call, `inngest ${name}`, fieldIn(event, 'data') ?? undefinedValue);
  }
}

const sendInngest: Handler = call => {
  told(call, 'inngest');
  sendEvents(call, call.arguments[0]);
  return sent(call);
};

// Trigger.dev ----------------------------------------------------------------------------------------------------------

/** `task({ id, run })`, `schemaTask({ id, schema, run })`: a job that its own value starts too. */
const task: Handler = call => {
  const [options] = call.arguments;
  const run = fieldIn(options, 'run');
  const schema = fieldIn(options, 'schema');
  const place = call.machine.place(call.frame, call.at);
  const id = textOf(fieldIn(options, 'id')) ?? `task${place.line}`;
  if (run !== undefined) {
    noteJob(call.machine, {
      topics: [`trigger ${id}`],
      id,
      place,
      run: (inner, payload) => {
        const { machine, frame, at, end } = inner;
        const checked = schema === undefined ? payload : applySchema(inner, schema, payload);
        const context = objectOf({ ctx: machine.opaque(frame, at, 'the context of a run') });
        return isBottom(checked) ? bottom : callValue(machine, frame, run, [checked, context], { at, end });
      },
    });
  }
  return nativeValue({
    name: 'task',
    key: `task ${id} ${place.file}:${place.line}`,
    member: name => (name === 'id' ? constant(id) : undefined),
    method: (name, inner) => {
      if (!/^(?:batch)?[tT]rigger/.test(name)) return undefined;
      startTask(inner, id, name, inner.arguments[0]);
      return sent(inner);
    },
  });
};

function startTask(call: Call, id: string, method: string, given: Value | undefined): void {
  if (!method.startsWith('batch')) {
    handOff(call, `trigger ${id}`, given ?? undefinedValue);
    return;
  }
  for (const item of itemsOf(given)) handOff(call, `trigger ${id}`, fieldIn(item, 'payload') ?? item);
}

/** `tasks.trigger('id', payload)`. */
const startById: Handler = call => {
  told(call, '@trigger.dev/sdk');
  const [id, payload] = call.arguments;
  const method = receiverOf(call)?.path.split('.').at(-1) ?? 'trigger';
  const name = textOf(id);
  if (name !== undefined) startTask(call, name, method, payload);
  return sent(call);
};

/** `client.defineJob({ id, trigger: eventTrigger({ name }), run })` of the second edition. */
const defineJob: Handler = call => {
  const [options] = call.arguments;
  const run = fieldIn(options, 'run');
  const id = textOf(fieldIn(options, 'id')) ?? 'job';
  const event = textOf(fieldIn(fieldIn(options, 'trigger'), 'name'));
  if (run === undefined) return undefinedValue;
  noteJob(call.machine, {
    topics: [`trigger ${id}`, ...(event === undefined ? [] : [`trigger event ${event}`])],
    id,
    place: call.machine.place(call.frame, call.at),
    run: (inner, payload) => {
      const { machine, frame, at, end } = inner;
      const io = nativeValue({
        name: 'io',
        key: 'trigger io',
        method: (name, step_) =>
          name === 'runTask' && step_.arguments[1] !== undefined
            ? callValue(machine, step_.frame, step_.arguments[1], [undefinedValue], { at: step_.at, end: step_.end })
            : { kind: 'promise', value: machine.opaque(step_.frame, step_.at, `what '${name}' gives`), facts: [] },
      });
      return callValue(machine, frame, run, [payload, io, undefinedValue], { at, end });
    },
  });
  return undefinedValue;
};

const sendTrigger: Handler = call => {
  told(call, '@trigger.dev/sdk');
  const [event] = call.arguments;
  const name = textOf(fieldIn(event, 'name'));
  if (name !== undefined) handOff(call, `trigger event ${name}`, fieldIn(event, 'payload') ?? undefinedValue);
  return sent(call);
};

const firstArgument: Handler = ({ arguments: [first] }) => first ?? undefinedValue;

// Queues ---------------------------------------------------------------------------------------------------------------

/** `new Worker('queue', async job => …)`. */
const worker: Handler = call => {
  const [queue, handler] = call.arguments;
  const name = textOf(queue) ?? 'queue';
  if (handler !== undefined) {
    noteJob(call.machine, {
      topics: [`queue ${name}`],
      id: name,
      runs: valueKey(handler),
      asksName: asksName(handler),
      place: call.machine.place(call.frame, call.at),
      run: (inner, payload) =>
        callValue(inner.machine, inner.frame, handler, [jobValue(inner, payload)], { at: inner.at, end: inner.end }),
    });
  }
  return { kind: 'external', library: 'bullmq', path: 'Worker', arguments: [] };
};

/** `switch (job.name)`, `handlers[job.name]`. */
function asksName(handler: Value): boolean {
  if (handler.kind !== 'function') return false;
  const { code, frame } = handler.closure as FunctionClosure;
  return /\.name\b|\{[^}]*\bname\b[^}]*\}\s*=/.test(frame.module.text.slice(code.at, code.end));
}

function jobValue(call: Call, payload: Value): Value {
  const named = payload.kind === 'object' ? payload.fields.get(jobName) : undefined;
  const data = payload.kind === 'object' ? (payload.fields.get(jobData) ?? payload) : payload;
  const opaque = call.machine.opaque(call.frame, call.at, 'a field of a job');
  return objectOf({ name: named ?? opaque, data, id: opaque, opts: opaque });
}

const jobName = '\u0000name';
const jobData = '\u0000data';

const addToQueue: Handler = call => {
  told(call, 'bullmq');
  const queue = textOf(receiverOf(call)?.arguments[0]);
  const isBulk = receiverOf(call)?.path.endsWith('addBulk') === true;
  const [first, second] = call.arguments;
  const added = isBulk
    ? itemsOf(first).map(item => ({ name: fieldIn(item, 'name'), data: fieldIn(item, 'data') }))
    : [{ name: first, data: second }];
  for (const { name, data } of queue === undefined ? [] : added)
    handOff(call, `queue ${queue}`, objectOf({ [jobName]: name ?? undefinedValue, [jobData]: data ?? undefinedValue }));
  return sent(call);
};

const jobHandlers: Readonly<Record<string, Handler>> = {
  'inngest#Inngest.createFunction': createFunction,
  'inngest#Inngest.send': sendInngest,
  '@trigger.dev/sdk/*#task': task,
  '@trigger.dev/sdk/*#schemaTask': task,
  '@trigger.dev/sdk/*#schedules.task': task,
  '@trigger.dev/sdk/*#tasks.trigger': startById,
  '@trigger.dev/sdk/*#tasks.triggerAndWait': startById,
  '@trigger.dev/sdk/*#tasks.batchTrigger': startById,
  '@trigger.dev/sdk/*#eventTrigger': firstArgument,
  '@trigger.dev/sdk/*#TriggerClient.defineJob': defineJob,
  '@trigger.dev/sdk/*#TriggerClient.sendEvent': sendTrigger,
  'bullmq#new Worker': worker,
  'bullmq#Queue.add': addToQueue,
  'bullmq#Queue.addBulk': addToQueue,
};

/** Jobs: consumers of queues and events, each run with what producers were seen to give. */
export const jobs: EntryAdapter = {
  handlers: jobHandlers,
  find: machine => {
    findJobs(machine);
    const starts = startUp(machine);
    return [{ turn: 'rest', run: () => [...starts, ...runJobs(machine)] }];
  },
};

// Runs -----------------------------------------------------------------------------------------------------------------

const consumes = /\.createFunction\(|\bdefineJob\(|\bnew Worker\b|@trigger\.dev\/sdk/;

/** Finds the consumers in the sources, before anything hands them a payload. */
function findJobs(machine: Machine): void {
  for (const path of machine.source.paths) {
    if (!isProgram(path)) continue;
    const text = machine.source.text(path) ?? '';
    if (!consumes.test(text) || !/inngest|trigger\.dev|bullmq/i.test(text)) continue;
    const module = machine.source.module(path);
    if (module !== undefined) evaluateModule(machine, module);
  }
}

const startFile = /(?:^|\/)instrumentation\.[cm]?[jt]s$/;

/**
 * `register` of Next.js' `instrumentation` file runs when the server starts, and starts workers
 * (https://nextjs.org/docs/app/guides/instrumentation).
 */
function startUp(machine: Machine): readonly EntryRun[] {
  return machine.source.paths
    .filter(path => startFile.test(path) && isProgram(path))
    .flatMap(path => {
      const text = machine.source.text(path) ?? '';
      const module = /\bregister\b/.test(text) ? machine.source.module(path) : undefined;
      const register = module === undefined ? undefined : exportValue(machine, module, 'register');
      if (module === undefined || register?.kind !== 'function') return [];
      const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
      const place = { file: register.file, line: register.line };
      frame.facts = [{ holds: { kind: 'system' }, place, label: 'the server runs it when it starts' }];
      const call: Call = { machine, frame, arguments: [], at: 0, end: 0 };
      const entryPoint: EntryPoint = { kind: 'job', name: `job start of ${path}`, ...place, symbol: 'register' };
      runFound(call, entryPoint, inner => callValue(machine, inner.frame, register, [], { at: 0, end: 0 }));
      return [{ entryPoint: { ...entryPoint, symbol: '' }, effects: frame.effects, results: [], facts: frame.facts }];
    });
}

const payloadTerm = { kind: 'event', path: 'event.data' } as const;

/** Runs the consumers that nobody was seen to hand anything: what comes is the system's own. */
function runJobs(machine: Machine): readonly EntryRun[] {
  return jobsWithoutProducer(machine).flatMap(job => {
    const module = machine.source.module(job.place.file);
    if (module === undefined) return [];
    const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
    frame.facts = [{ holds: { kind: 'system' }, place: job.place, label: 'the app starts the job itself' }];
    const call: Call = { machine, frame, arguments: [], at: 0, end: 0 };
    const entryPoint = jobEntry(machine, job);
    runFound(call, entryPoint, inner => job.run(inner, { kind: 'term', term: payloadTerm, maybeUndefined: false }));
    return [{ entryPoint: { ...entryPoint, symbol: '' }, effects: frame.effects, results: [], facts: frame.facts }];
  });
}
