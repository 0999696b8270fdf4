import type { Expression, FunctionCode, ModuleCode, Pattern, Statement } from '../../collect/source/ir.ts';

/** Calls `see` for every expression of a module, with the name it is assigned to where it has one. */
export function walkModule(module: ModuleCode, see: (expression: Expression, name: string | undefined) => void): void {
  walkStatements(module.body, see);
}

/** Calls `see` for every expression in the body of a function, those of functions inside it as well. */
export function walkFunctionBody(code: FunctionCode, see: (expression: Expression) => void): void {
  walkFunction(code, see);
}

type See = (expression: Expression, name: string | undefined) => void;

function walkStatements(body: readonly Statement[], see: See): void {
  for (const statement of body) walkStatement(statement, see);
}

function walkStatement(statement: Statement, see: See): void {
  switch (statement.kind) {
    case 'declare':
      if (statement.init !== undefined)
        walk(statement.init, see, statement.pattern.kind === 'name' ? statement.pattern.binding.name : undefined);
      walkPattern(statement.pattern, see);
      return;
    case 'function':
      walkFunction(statement.code, see);
      return;
    case 'expression':
      walk(statement.expression, see);
      return;
    case 'if':
      walk(statement.test, see);
      walkStatements(statement.then, see);
      walkStatements(statement.else, see);
      return;
    case 'return':
      if (statement.value !== undefined) walk(statement.value, see);
      return;
    case 'throw':
      walk(statement.value, see);
      return;
    case 'block':
      walkStatements(statement.body, see);
      return;
    case 'each':
      walk(statement.over, see);
      walkStatements(statement.body, see);
      return;
    case 'loop':
      walkStatements(statement.init, see);
      for (const part of [statement.test, statement.update]) if (part !== undefined) walk(part, see);
      walkStatements(statement.body, see);
      return;
    case 'try':
      walkStatements(statement.body, see);
      walkStatements(statement.handler ?? [], see);
      walkStatements(statement.finalizer, see);
      return;
    case 'switch':
      walk(statement.value, see);
      for (const branch of statement.cases) {
        if (branch.test !== undefined) walk(branch.test, see);
        walkStatements(branch.body, see);
      }
      return;
    case 'jump':
  }
}

function walkFunction(code: FunctionCode, see: See): void {
  for (const parameter of code.parameters) walkPattern(parameter, see);
  walkStatements(code.body, see);
}

function walkPattern(pattern: Pattern, see: See): void {
  switch (pattern.kind) {
    case 'default':
      walk(pattern.value, see);
      walkPattern(pattern.pattern, see);
      return;
    case 'object':
      for (const property of pattern.properties) walkPattern(property.value, see);
      return;
    case 'array':
      for (const item of pattern.items) if (item !== undefined) walkPattern(item, see);
      return;
    case 'target':
      walk(pattern.expression, see);
      return;
    case 'name':
  }
}

function walk(expression: Expression, see: See, name?: string): void {
  see(expression, name);
  switch (expression.kind) {
    case 'member':
      walk(expression.object, see);
      return;
    case 'index':
      walk(expression.object, see);
      walk(expression.index, see);
      return;
    case 'call':
    case 'new':
      walk(expression.callee, see);
      for (const item of expression.arguments) walk(item.value, see);
      return;
    case 'function':
      walkFunction(expression.code, see);
      return;
    case 'class':
      if (expression.constructor_ !== undefined) walkFunction(expression.constructor_, see);
      for (const field of [...expression.fields, ...expression.statics])
        if (field.value !== undefined) walk(field.value, see, field.name);
      return;
    case 'object':
      for (const property of expression.properties)
        walk(property.value, see, property.kind === 'field' ? property.key : undefined);
      return;
    case 'array':
      for (const item of expression.items) walk(item.value, see);
      return;
    case 'template':
      if (expression.tag !== undefined) walk(expression.tag, see);
      for (const value of expression.values) walk(value, see);
      return;
    case 'binary':
    case 'logical':
      walk(expression.left, see);
      walk(expression.right, see);
      return;
    case 'not':
    case 'unary':
    case 'await':
      walk(expression.operand, see);
      return;
    case 'conditional':
      walk(expression.test, see);
      walk(expression.then, see, name);
      walk(expression.else, see, name);
      return;
    case 'assign':
      walk(expression.value, see);
      walkPattern(expression.target, see);
      return;
    case 'sequence':
      for (const item of expression.items) walk(item, see);
      return;
    case 'element':
      if (expression.component !== undefined) walk(expression.component, see);
      for (const property of expression.properties)
        walk(property.value, see, property.kind === 'field' ? property.key : undefined);
      for (const child of expression.content) walk(child, see);
      return;
    default:
  }
}
