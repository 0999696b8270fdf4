import type { Binding, Expression, FunctionCode, Pattern, Statement } from '../../collect/source/ir.ts';
import type { Frame } from './machine.ts';
import { alternativesOf } from './operations.ts';
import type { Value } from './value.ts';

/** What the code of a function does with a variable: looks whether it is there, hands it on as its result, or uses it. */
type Handling = 'tested' | 'returned' | 'used';

const known = new WeakMap<FunctionCode, ReadonlyMap<Binding, Handling>>();

/** Tells whether a row that was just given a name is only looked for (`if (existing) …`): then nothing of it leaves. */
export function noteNamed(frame: Frame, pattern: Pattern, value: Value): void {
  const { code } = frame;
  const rows = code === undefined ? [] : namesOfRows(value);
  if (code === undefined || rows.length === 0) return;
  const binding = onlyName(pattern);
  const handlings = known.get(code) ?? handlingsOf(code);
  known.set(code, handlings);
  const handling = binding === undefined ? 'used' : (handlings.get(binding) ?? 'tested');
  if (handling !== 'returned') frame.effects.push({ kind: 'handled', rows, tested: handling === 'tested' });
}

/** The same for rows that a condition asks about without naming them: `if (await find(id))`. */
export function noteTested(frame: Frame, test: Expression): void {
  for (const leaf of leaves(test)) {
    if (leaf.kind !== 'await' && leaf.kind !== 'call') continue;
    const value = frame.seen.get(leaf);
    const rows = value === undefined ? [] : namesOfRows(value);
    if (rows.length > 0) frame.effects.push({ kind: 'handled', rows, tested: true });
  }
}

function leaves(test: Expression): readonly Expression[] {
  switch (test.kind) {
    case 'not':
      return leaves(test.operand);
    case 'logical':
      return [...leaves(test.left), ...leaves(test.right)];
    case 'member':
      return test.property === 'length' ? leaves(test.object) : [];
    default:
      return [test];
  }
}

function namesOfRows(value: Value): readonly string[] {
  return alternativesOf(value).flatMap(({ value: inner }) => {
    if (inner.kind === 'row') return [inner.row.name];
    return inner.kind === 'list' && inner.rows !== undefined ? [inner.rows.name] : [];
  });
}

/** `const row = …` or `const [row] = …`. */
function onlyName(pattern: Pattern): Binding | undefined {
  if (pattern.kind === 'name') return pattern.binding;
  const [item] = pattern.kind === 'array' ? pattern.items : [];
  return pattern.kind === 'array' && pattern.items.length === 1 && pattern.rest === undefined && item?.kind === 'name'
    ? item.binding
    : undefined;
}

/** How a place in the code treats the value that stands there. */
type Position = Handling;

function handlingsOf(code: FunctionCode): ReadonlyMap<Binding, Handling> {
  const found = new Map<Binding, Handling>();
  const rank: Readonly<Record<Handling, number>> = { tested: 0, returned: 1, used: 2 };
  const note = (binding: Binding, position: Position): void => {
    const before = found.get(binding);
    if (before === undefined || rank[position] > rank[before]) found.set(binding, position);
  };
  new Reader(note).statements(code.body);
  return found;
}

class Reader {
  readonly #note: (binding: Binding, position: Position) => void;

  constructor(note: (binding: Binding, position: Position) => void) {
    this.#note = note;
  }

  statements(body: readonly Statement[]): void {
    for (const statement of body) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'declare':
        this.#pattern(statement.pattern);
        if (statement.init !== undefined) this.#expression(statement.init, 'used');
        return;
      case 'function':
        this.#code(statement.code);
        return;
      case 'expression':
        this.#expression(statement.expression, 'tested');
        return;
      case 'if':
        this.#expression(statement.test, 'tested');
        this.statements(statement.then);
        this.statements(statement.else);
        return;
      case 'return':
        if (statement.value !== undefined) this.#expression(statement.value, 'returned');
        return;
      case 'throw':
        this.#expression(statement.value, 'used');
        return;
      case 'block':
        this.statements(statement.body);
        return;
      case 'each':
        this.#expression(statement.over, 'used');
        this.statements(statement.body);
        return;
      case 'loop':
        this.statements(statement.init);
        if (statement.test !== undefined) this.#expression(statement.test, 'tested');
        if (statement.update !== undefined) this.#expression(statement.update, 'used');
        this.statements(statement.body);
        return;
      case 'try':
        this.statements(statement.body);
        this.statements(statement.handler ?? []);
        this.statements(statement.finalizer);
        return;
      case 'switch':
        this.#expression(statement.value, 'used');
        for (const branch of statement.cases) {
          if (branch.test !== undefined) this.#expression(branch.test, 'used');
          this.statements(branch.body);
        }
        return;
      case 'jump':
    }
  }

  #code(code: FunctionCode): void {
    for (const parameter of code.parameters) this.#pattern(parameter);
    // What an inner function returns goes to whoever calls it.
    new Reader((binding, position) => this.#note(binding, position === 'returned' ? 'used' : position)).statements(
      code.body,
    );
  }

  #pattern(pattern: Pattern): void {
    switch (pattern.kind) {
      case 'default':
        this.#expression(pattern.value, 'used');
        this.#pattern(pattern.pattern);
        return;
      case 'object':
        for (const property of pattern.properties) {
          if (typeof property.key !== 'string') this.#expression(property.key, 'used');
          this.#pattern(property.value);
        }
        return;
      case 'array':
        for (const item of pattern.items) if (item !== undefined) this.#pattern(item);
        return;
      case 'target':
        this.#expression(pattern.expression, 'used');
        return;
      case 'name':
    }
  }

  #expression(expression: Expression, position: Position): void {
    const each = (parts: readonly Expression[]): void => {
      for (const part of parts) this.#expression(part, 'used');
    };
    switch (expression.kind) {
      case 'name':
        this.#note(expression.binding, position);
        return;
      case 'member':
        // How many there are says that there are some; a field that is asked about says yes or no.
        this.#expression(expression.object, expression.property === 'length' ? 'tested' : asked(position));
        return;
      case 'index':
        each([expression.object, expression.index]);
        return;
      case 'call':
      case 'new':
        this.#call(expression);
        return;
      case 'function':
        this.#code(expression.code);
        return;
      case 'class':
        if (expression.constructor_ !== undefined) this.#code(expression.constructor_);
        for (const field of [...expression.fields, ...expression.statics])
          if (field.value !== undefined) this.#expression(field.value, 'used');
        return;
      case 'object':
        for (const property of expression.properties) {
          if (property.kind === 'computed') this.#expression(property.key, 'used');
          this.#expression(property.value, 'used');
        }
        return;
      case 'array':
        each(expression.items.map(item => item.value));
        return;
      case 'template':
        each([...(expression.tag === undefined ? [] : [expression.tag]), ...expression.values]);
        return;
      case 'binary':
        this.#binary(expression);
        return;
      case 'logical':
        // The left side of `&&` is the result only when it is not there.
        this.#expression(expression.left, expression.operator === '&&' ? 'tested' : position);
        this.#expression(expression.right, position);
        return;
      case 'not':
        this.#expression(expression.operand, 'tested');
        return;
      case 'unary':
        this.#expression(expression.operand, expression.operator === 'typeof' ? 'tested' : 'used');
        return;
      case 'await':
        this.#expression(expression.operand, position);
        return;
      case 'conditional':
        this.#expression(expression.test, 'tested');
        this.#expression(expression.then, position);
        this.#expression(expression.else, position);
        return;
      case 'assign':
        this.#expression(expression.value, 'used');
        this.#pattern(expression.target);
        return;
      case 'sequence':
        each(expression.items);
        return;
      case 'element':
        if (expression.component !== undefined) this.#expression(expression.component, 'used');
        for (const property of expression.properties) this.#expression(property.value, 'used');
        each(expression.content);
        return;
      default:
    }
  }

  #call(expression: Extract<Expression, { kind: 'call' | 'new' }>): void {
    const { callee } = expression;
    const toBoolean = callee.kind === 'global' && callee.name === 'Boolean';
    this.#expression(callee, 'used');
    for (const item of expression.arguments) this.#expression(item.value, toBoolean ? 'tested' : 'used');
  }

  #binary(expression: Extract<Expression, { kind: 'binary' }>): void {
    const { left, right } = expression;
    const bare = (side: Expression): boolean =>
      side.kind === 'constant' || (side.kind === 'global' && side.name === 'undefined');
    const isAnswer = comparing.has(expression.operator);
    const part = (side: Expression, other: Expression): Position =>
      isAnswer && (bare(other) || side.kind === 'member') ? 'tested' : 'used';
    this.#expression(left, part(left, right));
    this.#expression(right, part(right, left));
  }
}

const comparing: ReadonlySet<string> = new Set(['===', '!==', '==', '!=', '<', '<=', '>', '>=']);

/** What leaves with a field, where the field is asked about, returned or used. */
function asked(position: Position): Position {
  return position === 'tested' ? 'tested' : 'used';
}
