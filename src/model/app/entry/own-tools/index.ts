import { isProgram } from '../../../../collect/source/files.ts';
import type { Expression, FunctionCode, ModuleCode, Statement } from '../../../../collect/source/ir.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { evaluate, moduleFrame, peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { makeTool, toolOf } from '../../library/tools.ts';
import { Frame, type Call, type FunctionClosure, type Machine } from '../../machine.ts';
import type { EntryRun } from '../../paths.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';

/**
 * Tools for a model in a registry of the app's own: an object with a name, a description, a schema of what the model sends,
 * and a function, written at the top of a file that speaks of tools. Who looks them up by name at run time is often not
 * seen; those that nothing ran are run by themselves, with arguments that a model chose, for somebody who is signed in.
 */
export const ownTools: EntryAdapter = { find: machine => [{ turn: 'last', run: () => runOwnTools(machine) }] };

const schemas = ['inputSchema', 'input_schema', 'parameters', 'argsSchema'];
const functions = ['execute', 'handler', 'run', 'call', 'invoke', 'func'];
const looksLikeTool = new RegExp(String.raw`\b(?:${schemas.join('|')})\b`);

function runOwnTools(machine: Machine): readonly EntryRun[] {
  const files = machine.source
    .filesThat(looksLikeTool)
    .filter(file => isProgram(file) && /tool/i.test(`${file} ${machine.source.text(file) ?? ''}`));
  return files.toSorted().flatMap(file => {
    const module = machine.source.module(file);
    return module === undefined ? [] : literalsIn(module).flatMap(literal => runOne(machine, module, literal));
  });
}

type Literal = Extract<Expression, { kind: 'object' }>;

/** Object literals at the top of a module that have the parts of a tool: by themselves, in lists, in calls that register them. */
function literalsIn(module: ModuleCode): readonly Literal[] {
  const found: Literal[] = [];
  const look = (expression: Expression): void => {
    switch (expression.kind) {
      case 'object':
        if (isTool(expression)) found.push(expression);
        else for (const property of expression.properties) look(property.value);
        return;
      case 'array':
        for (const item of expression.items) look(item.value);
        return;
      case 'call':
      case 'new':
        for (const item of expression.arguments) look(item.value);
        return;
      default:
    }
  };
  for (const statement of module.body) for (const expression of expressionsOf(statement)) look(expression);
  return found;
}

function expressionsOf(statement: Statement): readonly Expression[] {
  if (statement.kind === 'declare') return statement.init === undefined ? [] : [statement.init];
  return statement.kind === 'expression' ? [statement.expression] : [];
}

function isTool({ properties }: Literal): boolean {
  const names = new Set(properties.flatMap(property => (property.kind === 'field' ? [property.key] : [])));
  const hasOne = (among: readonly string[]): boolean => among.some(name => names.has(name));
  return names.has('name') && names.has('description') && hasOne(schemas) && hasOne(functions);
}

function runOne(machine: Machine, module: ModuleCode, literal: Literal): readonly EntryRun[] {
  const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
  const made = evaluate(machine, frame, literal);
  const field = (name: string): Value | undefined => (made.kind === 'object' ? made.fields.get(name) : undefined);
  const execute = functions.map(field).find(value => value?.kind === 'function');
  const name = field('name');
  if (execute?.kind !== 'function' || name?.kind !== 'constant') return [];
  const { code } = execute.closure as FunctionClosure;
  if (machine.interpreted.has(code)) return [];
  const call: Call = { machine, frame, arguments: [], at: literal.at, end: literal.at };
  const place = machine.place(frame, literal.at);
  frame.learn([{ holds: { kind: 'signed-in' }, place, label: 'whoever may use the model' }]);
  const run = handlerValue('execute', `own tool ${valueKey(execute)}`, inner =>
    callValue(machine, inner.frame, execute, argumentsFor(inner, code), { at: literal.at, end: literal.at }),
  );
  const schema = schemas.map(field).find(value => value !== undefined);
  const tool = makeTool(call, String(name.value), objectOf({ execute: run, inputSchema: schema ?? undefinedValue }));
  toolOf(tool)?.runTool(call, machine.opaque(frame, literal.at, 'the context of a tool call'));
  const entryPoint = { kind: 'tool', name: 'own tools', file: module.file, line: place.line, symbol: '' } as const;
  return [{ entryPoint, effects: frame.effects, results: [], facts: [] }];
}

const contextNames = /^(?:ctx|context|env|deps|session|extra|_?ctx)$/i;
const inputNames = ['input', 'args', 'arguments', 'params', 'parameters'];

/** What the model sent comes first, or beside the context, or after it. */
function argumentsFor(
  { arguments: [input = undefinedValue, context = undefinedValue] }: Call,
  code: FunctionCode,
): readonly Value[] {
  const [first, second] = code.parameters;
  if (first?.kind === 'name' && contextNames.test(first.binding.name) && second !== undefined) return [context, input];
  const named = first?.kind === 'object' && second === undefined ? first.properties.map(({ key }) => key) : [];
  const own = inputNames.find(name => named.includes(name) && peekMember(input, name, true)?.kind === 'constant');
  return own === undefined
    ? [input, context]
    : [{ kind: 'object', fields: new Map([[own, input]]), spread: [context] }];
}
