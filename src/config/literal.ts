import { parseTree, type Node as JsonNode } from 'jsonc-parser';
import { parseSync, type Expression, type ObjectProperty, type Program } from 'oxc-parser';
import { DrydockError } from '../core/error.ts';

/** A value that is written out in a file, with the line where it stands. */
export type Literal =
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Field>; readonly line: number }
  | { readonly kind: 'list'; readonly items: readonly Literal[]; readonly line: number }
  | { readonly kind: 'text'; readonly value: string; readonly line: number }
  | { readonly kind: 'flag'; readonly value: boolean; readonly line: number };

/** A field of an object, with the line of its name. */
export interface Field {
  readonly value: Literal;
  readonly line: number;
}

/** Why a configuration cannot be used: the file, the line, and what to do. */
export function configError(file: string, line: number, message: string, next?: string): DrydockError {
  return new DrydockError('config', `${file}:${line}: ${message}`, next === undefined ? {} : { next });
}

/** Reads the default export of a configuration as a literal; nothing of it is run. */
export function readLiteral(file: string, text: string): Literal {
  return file.endsWith('.json') ? readJson(file, text) : readModule(file, text);
}

function readJson(file: string, text: string): Literal {
  const errors: { readonly offset: number }[] = [];
  const tree = parseTree(text, errors as never, { allowTrailingComma: true });
  const [error] = errors;
  if (tree === undefined || error !== undefined)
    throw configError(file, lineAt(text, error?.offset ?? 0), 'This is no JSON.');
  return fromJson(tree, file, text);
}

function fromJson(node: JsonNode, file: string, text: string): Literal {
  const line = lineAt(text, node.offset);
  switch (node.type) {
    case 'object': {
      const fields = (node.children ?? []).flatMap((property): readonly [string, Field][] => {
        const [name, value] = property.children ?? [];
        if (name === undefined || value === undefined) return [];
        return [[String(name.value), { value: fromJson(value, file, text), line: lineAt(text, name.offset) }]];
      });
      return { kind: 'object', fields: new Map(fields), line };
    }
    case 'array':
      return { kind: 'list', items: (node.children ?? []).map(child => fromJson(child, file, text)), line };
    case 'string':
      return { kind: 'text', value: String(node.value), line };
    case 'boolean':
      return { kind: 'flag', value: node.value === true, line };
    default:
      throw configError(file, line, 'Only texts, true, lists and objects have a meaning here.');
  }
}

interface Reading {
  readonly file: string;
  readonly text: string;
  /** Constants of the file, by name. */
  readonly constants: ReadonlyMap<string, Expression>;
  readonly depth: number;
}

function readModule(file: string, text: string): Literal {
  const { program, errors } = parseSync(file, text);
  const fatal = errors.find(error => error.severity === 'Error');
  if (fatal !== undefined)
    throw configError(file, lineAt(text, fatal.labels[0]?.start ?? 0), `The file cannot be read: ${fatal.message}.`);
  const exported = defaultExport(program);
  if (exported === undefined)
    throw configError(file, 1, 'There is no default export.', 'Write: export default defineConfig({ … })');
  return fromExpression(exported, { file, text, constants: constantsOf(program), depth: 0 });
}

function defaultExport(program: Program): Expression | undefined {
  for (const statement of program.body) {
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const { declaration } = statement;
    // A function or class is no configuration; it falls through to the message for values.
    return declaration as Expression;
  }
  return undefined;
}

function constantsOf(program: Program): ReadonlyMap<string, Expression> {
  const constants = new Map<string, Expression>();
  for (const statement of program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type !== 'VariableDeclaration' || declaration.kind !== 'const') continue;
    for (const { id, init } of declaration.declarations)
      if (id.type === 'Identifier' && init !== null) constants.set(id.name, init);
  }
  return constants;
}

const deepest = 12;

function fromExpression(expression: Expression, reading: Reading): Literal {
  const { file, text } = reading;
  const line = lineAt(text, expression.start);
  switch (expression.type) {
    case 'Literal':
      if (typeof expression.value === 'string') return { kind: 'text', value: expression.value, line };
      if (typeof expression.value === 'boolean') return { kind: 'flag', value: expression.value, line };
      break;
    case 'TemplateLiteral':
      if (expression.expressions.length === 0)
        return { kind: 'text', value: expression.quasis[0]?.value.cooked ?? '', line };
      break;
    case 'ArrayExpression':
      return {
        kind: 'list',
        line,
        items: expression.elements.map(element => {
          if (element === null || element.type === 'SpreadElement') throw notWritten(file, line, 'A spread');
          return fromExpression(element, reading);
        }),
      };
    case 'ObjectExpression':
      return {
        kind: 'object',
        line,
        fields: new Map(
          expression.properties.map((property): readonly [string, Field] => {
            const at = lineAt(text, property.start);
            if (property.type === 'SpreadElement') throw notWritten(file, at, 'A spread');
            return [keyOf(property, file, at), { value: fromExpression(property.value, reading), line: at }];
          }),
        ),
      };
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return fromExpression(expression.expression, reading);
    case 'CallExpression': {
      const [argument] = expression.arguments;
      const isDefine = expression.callee.type === 'Identifier' && expression.callee.name === 'defineConfig';
      if (isDefine && argument !== undefined && argument.type !== 'SpreadElement')
        return fromExpression(argument, reading);
      throw notWritten(file, line, 'The result of a call');
    }
    case 'Identifier': {
      const constant = reading.constants.get(expression.name);
      if (constant !== undefined && reading.depth < deepest)
        return fromExpression(constant, { ...reading, depth: reading.depth + 1 });
      throw notWritten(file, line, `'${expression.name}'`);
    }
    default:
      break;
  }
  throw notWritten(file, line, 'This value');
}

function keyOf(property: ObjectProperty, file: string, line: number): string {
  if (!property.computed && property.key.type === 'Identifier') return property.key.name;
  if (property.key.type === 'Literal' && typeof property.key.value === 'string') return property.key.value;
  throw notWritten(file, line, 'A computed name');
}

function notWritten(file: string, line: number, what: string): DrydockError {
  return configError(
    file,
    line,
    `${what} is not known without running the file.`,
    'Drydock reads its configuration and never runs it: write the value out, or as a const of the same file.',
  );
}

/** The line (from 1) of an offset. */
function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
