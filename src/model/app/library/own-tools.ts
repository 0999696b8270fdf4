import { isProgram } from '../../../collect/source/files.ts';
import type { Expression, FunctionCode, ModuleCode, Statement } from '../../../collect/source/ir.ts';
import { callValue, handlerValue } from '../calls.ts';
import { evaluate, moduleFrame, peekMember } from '../expressions.ts';
import { valueKey } from '../keys.ts';
import { Frame, type Call, type FunctionClosure, type Machine } from '../machine.ts';
import { objectOf, undefinedValue, type Value } from '../value.ts';
import { makeTool, toolOf } from './tools.ts';

const schemas = ['inputSchema', 'input_schema', 'parameters', 'argsSchema'];
const functions = ['execute', 'handler', 'run', 'call', 'invoke', 'func'];
const looksLikeTool = new RegExp(String.raw`\b(?:${schemas.join('|')})\b`);

/** A tool: an object with a name, a description, a schema of what a model sends, and a function. */
export interface OwnTool {
  readonly name: string;
  readonly module: ModuleCode;
  readonly at: number;
  /** The field that holds the function, and the function. */
  readonly field: string;
  readonly execute: Value;
  readonly code: FunctionCode;
  readonly schema: Value;
}

/** The tools that are written at the top of files that speak of tools, whoever looks them up by name at run time. */
export function ownToolsOf(machine: Machine): readonly OwnTool[] {
  return machine.remember('own tools', () => {
    const files = machine.source
      .filesThat(looksLikeTool)
      .filter(file => isProgram(file) && /tool/i.test(`${file} ${machine.source.text(file) ?? ''}`));
    return files.toSorted().flatMap(file => {
      const module = machine.source.module(file);
      return module === undefined ? [] : literalsIn(module).flatMap(literal => toolIn(machine, module, literal));
    });
  });
}

function toolIn(machine: Machine, module: ModuleCode, literal: Literal): readonly OwnTool[] {
  const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
  const made = evaluate(machine, frame, literal);
  const fieldOf = (name: string): Value | undefined => (made.kind === 'object' ? made.fields.get(name) : undefined);
  const field = functions.find(name => fieldOf(name)?.kind === 'function');
  const execute = field === undefined ? undefined : fieldOf(field);
  const name = fieldOf('name');
  if (field === undefined || execute?.kind !== 'function' || name?.kind !== 'constant') return [];
  const { code } = execute.closure as FunctionClosure;
  const schema = schemas.map(fieldOf).find(value => value !== undefined) ?? undefinedValue;
  return [{ name: String(name.value), module, at: literal.at, field, execute, code, schema }];
}

/** Runs a tool with what a model chose; `given` is what whoever looked it up handed over, where that is known. */
export function runOwnTool(call: Call, own: OwnTool, given: readonly Value[]): void {
  const { machine, frame } = call;
  const at = { at: own.at, end: own.at };
  const run = handlerValue(
    'execute',
    `own tool ${valueKey(own.execute)} ${given.map(value => valueKey(value)).join(',')}`,
    inner => callValue(machine, inner.frame, own.execute, argumentsFor(inner, own.code), at),
  );
  const where = new Frame(own.module, undefined, moduleFrame(machine, own.module), undefinedValue);
  const definition = objectOf({ execute: run, inputSchema: own.schema });
  const tool = makeTool({ ...call, frame: where, ...at }, own.name, definition);
  const context = (isContextFirst(own.code) ? given[0] : given[1]) ?? (given.length === 1 ? given[0] : undefined);
  toolOf(tool)?.runTool(call, context ?? machine.opaque(frame, call.at, 'the context of a tool call'));
}

const mostTools = 150;

/** `registry.get(name).handler(input, context)`, where what the registry holds was not seen: any of the app's tools. */
export function dispatchOwnTools(call: Call, name: string): void {
  const { machine, frame } = call;
  if (!functions.includes(name) || call.arguments.length === 0 || !/tool/i.test(frame.module.text)) return;
  const tools = ownToolsOf(machine).filter(({ field }) => field === name);
  if (tools.length > mostTools)
    machine.gap(
      `More than ${mostTools} tools may be called here; the rest were not followed.`,
      machine.place(frame, call.at),
    );
  for (const tool of tools.slice(0, mostTools))
    if (!machine.active.includes(tool.code)) runOwnTool(call, tool, call.arguments);
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

const contextNames = /^(?:ctx|context|env|deps|session|extra|_?ctx)$/i;
const inputNames = ['input', 'args', 'arguments', 'params', 'parameters'];

function isContextFirst({ parameters: [first, second] }: Pick<FunctionCode, 'parameters'>): boolean {
  return first?.kind === 'name' && contextNames.test(first.binding.name) && second !== undefined;
}

/** What the model sent comes first, or beside the context, or after it. */
function argumentsFor(
  { arguments: [input = undefinedValue, context = undefinedValue] }: Call,
  code: FunctionCode,
): readonly Value[] {
  const [first, second] = code.parameters;
  if (isContextFirst(code)) return [context, input];
  const named = first?.kind === 'object' && second === undefined ? first.properties.map(({ key }) => key) : [];
  const own = inputNames.find(name => named.includes(name) && peekMember(input, name, true)?.kind === 'constant');
  return own === undefined
    ? [input, context]
    : [{ kind: 'object', fields: new Map([[own, input]]), spread: [context] }];
}
