import type { EntryPoint } from '../../../core/path.ts';
import { callValue } from '../calls.ts';
import { awaitValue, memberOf } from '../expressions.ts';
import { valueKey } from '../keys.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import { alternativesOf, choose, promote } from '../operations.ts';
import { undefinedValue, visit, type Value } from '../value.ts';
import { applySchema } from './zod.ts';

interface ToolNative extends NativeValue {
  /** Runs the tool as the entry point that it is. */
  readonly runTool: (call: Call, context: Value) => Value;
}

/** Names of tools by where `tool(…)` is called: `file:offset`. */
export const toolNames = 'tool names';

/** Tools that were made, and whether something ran them. */
export const knownTools = 'known tools';

/** What is remembered of a tool. */
export interface KnownTool {
  readonly entryPoint: EntryPoint;
  ran: boolean;
}

const tool: Handler = call => {
  const names = call.machine.remember(toolNames, () => new Map<string, string>());
  const place = call.machine.place(call.frame, call.at);
  const name = names.get(`${place.file}:${call.at}`) ?? `tool at line ${place.line}`;
  return makeTool(call, name, call.arguments[0] ?? undefinedValue);
};

/** A tool of this name: `definition` has what it executes, and the schema of what a model sends. */
export function makeTool(call: Call, name: string, definition: Value): Value {
  const { machine, frame } = call;
  const place = machine.place(frame, call.at);
  const entryPoint: EntryPoint = {
    kind: 'tool',
    name: `tool ${place.file}#${name}`,
    file: place.file,
    line: place.line,
    symbol: name,
  };
  const tools = machine.remember(knownTools, () => new Map<string, KnownTool>());
  const known = tools.get(entryPoint.name) ?? { entryPoint, ran: false };
  tools.set(entryPoint.name, known);
  const runTool = (inner: Call, context: Value): Value => {
    known.ran = true;
    return runAsEntry(inner, entryPoint, definition, context);
  };
  const native: ToolNative = {
    name: 'tool',
    key: `tool ${place.file}:${call.at} ${valueKey(definition)}`,
    runTool,
    member: (property, inner) =>
      property === 'execute' ? undefined : memberOf(inner.machine, inner.frame, definition, property, inner.at, true),
    method: (property, inner) =>
      property === 'execute'
        ? { kind: 'promise', value: runTool(inner, inner.arguments[1] ?? undefinedValue), facts: [] }
        : undefined,
  };
  return nativeValue(native);
}

/** The tool that a value is, and how it is run. */
export function toolOf(value: Value): Pick<ToolNative, 'runTool'> | undefined {
  return value.kind === 'native' && 'runTool' in value.native ? (value.native as ToolNative) : undefined;
}

function runAsEntry(call: Call, entryPoint: EntryPoint, definition: Value, context: Value): Value {
  const { machine, frame } = call;
  if (definition.kind !== 'object') return machine.opaque(frame, call.at, 'a tool that was not followed');
  const execute = definition.fields.get('execute');
  if (execute === undefined) return undefinedValue;
  const schema = definition.fields.get('inputSchema') ?? definition.fields.get('parameters');
  const before = frame.save();
  const outer = frame.effects;
  frame.effects = [];
  const term = { kind: 'tool-argument', path: 'input' } as const;
  machine.noteSource(frame, term, call.at);
  const input = applySchema(call, schema, { kind: 'term', term, maybeUndefined: false });
  // A tool has a budget of its own, as every entry point has.
  const value = machine.withinEntry(() => {
    const raw = callValue(machine, frame, execute, [input, context], { at: call.at, end: call.end });
    return awaitValue(machine, frame, raw, call.at);
  });
  const { effects, facts } = frame;
  const dead = frame.dead;
  frame.effects = outer;
  frame.restore(before);
  frame.effects.push({ kind: 'entry', facts: before.facts, entryPoint, effects, value, valueFacts: facts });
  if (dead) return undefinedValue;
  return promote(alternativesOf(value))?.value ?? choose([{ value, facts: [] }]);
}

/** Runs the tools that are handed to a model (`streamText({ tools })`). */
export function runToolsIn(call: Call): void {
  for (const argument of call.arguments) {
    visit(argument, inner => {
      toolOf(inner)?.runTool(call, call.machine.opaque(call.frame, call.at, 'the context of a tool call'));
    });
  }
}

const model: Handler = call => {
  const receiver = call.machine.memory.get('receiver');
  const path =
    typeof receiver === 'object' && receiver !== null && 'receiver' in receiver
      ? (receiver.receiver as Extract<Value, { kind: 'external' }>).path
      : 'ai';
  call.machine.emit(call.frame, {
    kind: 'call',
    library: 'ai',
    callee: path,
    arguments: call.arguments,
    place: call.machine.place(call.frame, call.at, call.end),
  });
  runToolsIn(call);
  return {
    kind: 'external',
    library: 'ai',
    path: `${path}()`,
    arguments: call.arguments.filter(argument => argument.kind === 'term'),
  };
};

/** The AI SDK: tools are entry points of their own, their arguments chosen by a model. */
export const toolHandlers: Readonly<Record<string, Handler>> = {
  'ai#tool': tool,
  'ai#dynamicTool': tool,
  'ai#*': model,
};
