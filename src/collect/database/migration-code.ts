import type { Expression, FunctionCode, ModuleCode, Statement } from '../source/ir.ts';
import { lineOf } from '../source/ir.ts';
import { lowerModule } from '../source/lower.ts';
import { addKnexTable } from './migration-knex.ts';
import { addKyselyTable, isKyselyChain } from './migration-kysely.ts';
import { runQueryInterface, runQueryRunner, runPgm } from './migration-options.ts';
import { Literals } from './migration-literals.ts';

/** One statement of SQL, at the line of the code that runs it. */
export interface CodeStatement {
  readonly sql: string;
  readonly line: number;
}

/** A call in the code of a migration. */
export type CallExpression = Extract<Expression, { kind: 'call' }>;
/** What is named of an object. */
export type Member = Extract<Expression, { kind: 'member' }>;

/** Receives what a migration makes. */
export type Emit = (sql: string, at: number) => void;

/**
 * What a migration that is written in code (Knex, Sequelize, TypeORM, Kysely, node-pg-migrate) runs on its way up, as
 * statements of SQL. What is not read as such is left out.
 */
export function statementsOfCode(file: string, text: string): readonly CodeStatement[] {
  const lowered = lowerModule(file, text);
  if (lowered.kind !== 'module') return [];
  const { module } = lowered;
  const up = upOf(module);
  if (up === undefined) return [];
  const found: CodeStatement[] = [];
  const literals = new Literals(module, up);
  new Walk(literals, (sql, at) => {
    found.push({ sql: sql.trim().replace(/;\s*$/, ''), line: lineOf(module, at) });
  }).function(up);
  return found;
}

/** The function `up`: exported by name, in an exported object, or as a method of a class. */
function upOf(module: ModuleCode): FunctionCode | undefined {
  for (const name of ['up', 'default']) {
    const target = module.exports.get(name);
    const code =
      target?.kind === 'expression'
        ? codeIn(target.expression, name)
        : target?.kind === 'binding'
          ? ofDeclaration(target.binding.declaration, name)
          : undefined;
    if (code !== undefined) return code;
  }
  for (const statement of module.body) {
    const expression =
      statement.kind === 'declare'
        ? statement.init
        : statement.kind === 'expression'
          ? statement.expression
          : undefined;
    const code = expression?.kind === 'class' ? codeIn(expression, 'default') : undefined;
    if (code !== undefined) return code;
  }
  return undefined;
}

function ofDeclaration(
  declaration: NonNullable<ModuleCode['commonExports']>['declaration'],
  name: string,
): FunctionCode | undefined {
  if (declaration?.kind === 'function') return name === 'up' ? declaration.code : undefined;
  if (declaration?.kind === 'class') return codeIn(declaration.expression, name);
  return declaration?.kind === 'variable' && declaration.init !== undefined
    ? codeIn(declaration.init, name)
    : undefined;
}

function codeIn(expression: Expression, name: string): FunctionCode | undefined {
  if (expression.kind === 'function') return name === 'up' ? expression.code : undefined;
  if (expression.kind === 'class') {
    const field = expression.fields.find(candidate => candidate.name === 'up');
    return field?.value?.kind === 'function' ? field.value.code : undefined;
  }
  if (expression.kind !== 'object') return undefined;
  for (const property of expression.properties)
    if (property.kind === 'field' && property.key === 'up' && property.value.kind === 'function')
      return property.value.code;
  return undefined;
}

/** Goes through the code in its order; both ways of a condition, each loop once. */
class Walk {
  readonly #literals: Literals;
  readonly #emit: Emit;

  constructor(literals: Literals, emit: Emit) {
    this.#literals = literals;
    this.#emit = emit;
  }

  function(code: FunctionCode): void {
    this.#all(code.body);
  }

  #all(body: readonly Statement[]): void {
    for (const statement of body) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'expression':
        this.#expression(statement.expression);
        return;
      case 'declare':
        if (statement.init !== undefined) this.#expression(statement.init);
        return;
      case 'return':
        if (statement.value !== undefined) this.#expression(statement.value);
        return;
      case 'if':
        this.#all(statement.then);
        this.#all(statement.else);
        return;
      case 'block':
      case 'each':
      case 'loop':
      case 'try':
        this.#all(statement.body);
        return;
      default:
    }
  }

  #expression(expression: Expression): void {
    switch (expression.kind) {
      case 'await':
      case 'unary':
      case 'not':
        this.#expression(expression.operand);
        return;
      case 'array':
        for (const { value } of expression.items) this.#expression(value);
        return;
      case 'call':
        this.#call(expression);
        return;
      case 'template':
        if (expression.tag !== undefined) this.#raw(expression, expression.tag);
        return;
      case 'assign':
        this.#expression(expression.value);
        return;
      default:
    }
  }

  #call(call: CallExpression): void {
    const { callee } = call;
    if (isKyselyChain(call)) {
      addKyselyTable(call, this.#literals, this.#emit);
      return;
    }
    if (callee.kind === 'member') {
      // What stands before in the chain runs before.
      this.#expression(callee.object);
      const handled =
        addKnexTable(call, callee, this.#literals, this.#emit) ||
        runQueryRunner(call, callee, this.#literals, this.#emit) ||
        runQueryInterface(call, callee, this.#literals, this.#emit) ||
        runPgm(call, callee, this.#literals, this.#emit);
      if (handled) return;
    }
    for (const { value } of call.arguments)
      if (value.kind === 'function') this.function(value.code);
      else this.#expression(value);
  }

  /** ``sql`…`.execute(db)``. */
  #raw(expression: Extract<Expression, { kind: 'template' }>, tag: Expression): void {
    const isSql = tag.kind === 'name' && /^sql$/i.test(tag.binding.name);
    const text = isSql ? this.#literals.text({ ...expression, tag: undefined }) : undefined;
    if (text !== undefined) this.#emit(text, expression.at);
  }
}
