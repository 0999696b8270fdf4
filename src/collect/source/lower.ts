import {
  parseSync,
  type AccessorProperty,
  type Class,
  type Decorator,
  type Function as FunctionNode,
  type MethodDefinition,
  type Node,
  type ParamPattern,
  type Program,
  type PropertyDefinition,
} from 'oxc-parser';
import { languageOf } from './outline.ts';
import type {
  Binding,
  ClassField,
  Declaration,
  Declared,
  Directive,
  ExportTarget,
  Expression,
  FunctionCode,
  ImportDeclaration,
  Item,
  ModuleCode,
  ObjectProperty,
  Pattern,
  Statement,
} from './ir.ts';
import { wholeModule } from './ir.ts';
import { commonExportOf, isModuleExports, requiredBy, usesCommonExports } from './commonjs.ts';
import { parentOf } from './resolve.ts';

/** The outcome of lowering one file: its code, or where its syntax breaks. */
export type Lowered =
  | { readonly kind: 'module'; readonly module: ModuleCode }
  | { readonly kind: 'syntax-error'; readonly message: string; readonly line: number };

/** Parses a file and lowers it to the interpreter's code. */
export function lowerModule(file: string, text: string): Lowered {
  const parsed = parseSync(file, text, languageOf(file));
  const fatal = parsed.errors.find(error => error.severity === 'Error');
  const program = parsed.program;
  if (fatal !== undefined && program.body.length === 0) {
    const offset = fatal.labels[0]?.start ?? 0;
    return { kind: 'syntax-error', message: fatal.message, line: text.slice(0, offset).split('\n').length };
  }
  return { kind: 'module', module: new Lowering(file, text).run(program) };
}

type Scope = Map<string, Binding>;

let nextBinding = 1;
let nextFunction = 1;

function isDecorated(part: Declared): boolean {
  return part.decorators.length > 0;
}

const directives: ReadonlySet<string> = new Set(['use client', 'use server', 'use cache']);

class Lowering {
  readonly #file: string;
  readonly #text: string;
  readonly #scopes: Scope[] = [new Map()];
  readonly #functions: FunctionCode[] = [];
  readonly #exports = new Map<string, ExportTarget>();
  readonly #exportAll: string[] = [];
  readonly #imports: ImportDeclaration[] = [];
  #current: FunctionCode | undefined;
  /** `module.exports` of a CommonJS module. */
  #common: { readonly binding: Binding; at: number } | undefined;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  run(program: Program): ModuleCode {
    this.#declareAll(program.body);
    if (usesCommonExports(program, this.#text)) this.#declareCommonExports();
    const body = this.#block(program.body);
    return {
      file: this.#file,
      directive: directiveOf(program.body),
      lineStarts: lineStartsOf(this.#text),
      text: this.#text,
      body,
      exports: this.#exports,
      exportAll: this.#exportAll,
      imports: this.#imports,
      functions: this.#functions,
      ...(this.#common === undefined ? {} : { commonExports: this.#common.binding }),
    };
  }

  // CommonJS ---------------------------------------------------------------------------------------------------------

  /** `exports` and `module.exports` are one name of the module: an object that its statements fill or replace. */
  #declareCommonExports(): void {
    const binding = this.#declare('exports');
    const pattern: Pattern = { kind: 'name', binding, at: 0 };
    binding.declaration = { kind: 'variable', pattern, init: { kind: 'object', properties: [], at: 0 } };
    binding.reassigned = true;
    this.#common = { binding, at: 0 };
  }

  /** What a statement of the module exports: by name where that can be read, as a field of the whole otherwise. */
  #noteCommonExport(expression: Expression): void {
    if (this.#common === undefined) return;
    const { binding } = this.#common;
    for (const { name, value, at } of commonExportOf(expression, binding)) {
      if (name === undefined) {
        binding.declaration = {
          kind: 'variable',
          pattern: { kind: 'name', binding, at },
          init: { kind: 'object', properties: [], at },
        };
        this.#exports.set('default', { kind: 'binding', binding });
      } else if (this.#exports.has(name)) this.#exports.set(name, { kind: 'field', binding, name, at });
      else if (value.kind === 'name' && value.binding.owner === undefined)
        this.#exports.set(name, { kind: 'binding', binding: value.binding });
      else if (value.kind === 'function') this.#exports.set(name, { kind: 'expression', expression: value });
      else this.#exports.set(name, { kind: 'field', binding, name, at });
    }
  }

  /** A file that is asked for by its constant name; a `require` of the program's own is none. */
  #required(node: Node): string | undefined {
    const specifier = requiredBy(node);
    return specifier === undefined || this.#resolve('require') !== undefined ? undefined : specifier;
  }

  #isModuleExports(node: Node): boolean {
    return this.#common !== undefined && isModuleExports(node) && this.#resolve('module') === undefined;
  }

  #requireExpression(specifier: string, name: string, at: number): Expression {
    this.#imports.push({ specifier, names: [name === wholeModule ? '*' : name], at });
    return { kind: 'import', specifier, name, at };
  }

  /** `const { a, b: c } = require('…')` declares what an import of these names would. */
  #requiredNames(specifier: string, id: Node, at: number): Statement[] | undefined {
    const isTop = this.#current === undefined && this.#scopes.length === 1;
    const one = (target: Node, name: string): Statement => {
      const init = this.#requireExpression(specifier, name, at);
      const pattern = this.#pattern(target, true);
      if (isTop && pattern.kind === 'name') pattern.binding.declaration = { kind: 'import', specifier, name };
      else if (isTop)
        for (const binding of bindingsOf(pattern)) binding.declaration = { kind: 'variable', pattern, init };
      return { kind: 'declare', pattern, init, at };
    };
    if (id.type === 'Identifier') return [one(id, wholeModule)];
    if (id.type !== 'ObjectPattern') return undefined;
    const found: Statement[] = [];
    for (const property of id.properties) {
      if (property.type === 'RestElement' || property.computed) return undefined;
      found.push(one(property.value, keyOf(property.key)));
    }
    return found;
  }

  // Names ------------------------------------------------------------------------------------------------------------

  #declare(name: string): Binding {
    const scope = this.#scopes.at(-1) ?? new Map<string, Binding>();
    const existing = scope.get(name);
    if (existing !== undefined) return existing;
    const binding: Binding = {
      id: nextBinding++,
      name,
      owner: this.#current,
      declaration: undefined,
      reassigned: false,
    };
    scope.set(name, binding);
    return binding;
  }

  #resolve(name: string): Binding | undefined {
    for (let index = this.#scopes.length - 1; index >= 0; index -= 1) {
      const binding = this.#scopes[index]?.get(name);
      if (binding !== undefined) {
        this.#noteCapture(binding);
        return binding;
      }
    }
    return undefined;
  }

  #noteCapture(binding: Binding): void {
    if (binding.owner === undefined) return;
    for (let code = this.#current; code !== undefined && code !== binding.owner; code = code.parent)
      code.captures.add(binding);
  }

  #noteAssignment(binding: Binding): void {
    binding.reassigned = true;
    for (let code = this.#current; code !== undefined && code !== binding.owner; code = code.parent)
      code.assignsOuter = true;
  }

  /** Names are visible in the whole block before their line runs. */
  #declareAll(body: readonly Node[]): void {
    for (const statement of body) {
      if (isAmbient(statement)) continue;
      switch (statement.type) {
        case 'VariableDeclaration':
          for (const declarator of statement.declarations) this.#declarePattern(declarator.id);
          break;
        case 'FunctionDeclaration':
        case 'ClassDeclaration':
          if (statement.id !== null) this.#declare(statement.id.name);
          break;
        case 'TSEnumDeclaration':
          this.#declare(statement.id.name);
          break;
        case 'TSImportEqualsDeclaration':
          if (statement.importKind !== 'type') this.#declare(statement.id.name);
          break;
        case 'ImportDeclaration':
          if (statement.importKind === 'type') break;
          for (const specifier of statement.specifiers) {
            const binding = this.#declare(specifier.local.name);
            const name =
              specifier.type === 'ImportSpecifier'
                ? nameOf(specifier.imported)
                : specifier.type === 'ImportDefaultSpecifier'
                  ? 'default'
                  : '*';
            binding.declaration = { kind: 'import', specifier: statement.source.value, name };
          }
          break;
        case 'ExportNamedDeclaration':
        case 'ExportDefaultDeclaration':
          if (statement.declaration !== null) this.#declareAll([statement.declaration]);
          break;
        default:
      }
    }
  }

  #declarePattern(node: Node): void {
    switch (node.type) {
      case 'Identifier':
        this.#declare(node.name);
        return;
      case 'ObjectPattern':
        for (const property of node.properties)
          this.#declarePattern(property.type === 'Property' ? property.value : property.argument);
        return;
      case 'ArrayPattern':
        for (const element of node.elements)
          if (element !== null) this.#declarePattern(element.type === 'RestElement' ? element.argument : element);
        return;
      case 'AssignmentPattern':
        this.#declarePattern(node.left);
        return;
      default:
    }
  }

  #inScope<T>(work: () => T): T {
    this.#scopes.push(new Map());
    try {
      return work();
    } finally {
      this.#scopes.pop();
    }
  }

  // Patterns ---------------------------------------------------------------------------------------------------------

  #pattern(node: Node, declares: boolean): Pattern {
    const at = node.start;
    switch (node.type) {
      case 'Identifier': {
        const binding = declares ? this.#declare(node.name) : this.#resolve(node.name);
        if (binding === undefined) return { kind: 'target', expression: { kind: 'global', name: node.name, at }, at };
        if (!declares) this.#noteAssignment(binding);
        return { kind: 'name', binding, at };
      }
      case 'ObjectPattern': {
        const properties: { key: string | Expression; value: Pattern }[] = [];
        let rest: Pattern | undefined;
        for (const property of node.properties) {
          if (property.type === 'RestElement') rest = this.#pattern(property.argument, declares);
          else {
            properties.push({
              key: property.computed ? this.#expression(property.key) : keyOf(property.key),
              value: this.#pattern(property.value, declares),
            });
          }
        }
        return { kind: 'object', properties, rest, at };
      }
      case 'ArrayPattern': {
        const items: (Pattern | undefined)[] = [];
        let rest: Pattern | undefined;
        for (const element of node.elements) {
          if (element === null) items.push(undefined);
          else if (element.type === 'RestElement') rest = this.#pattern(element.argument, declares);
          else items.push(this.#pattern(element, declares));
        }
        return { kind: 'array', items, rest, at };
      }
      case 'AssignmentPattern':
        return {
          kind: 'default',
          pattern: this.#pattern(node.left, declares),
          value: this.#expression(node.right),
          at,
        };
      case 'TSParameterProperty':
        return this.#pattern(node.parameter, declares);
      default:
        if (this.#common !== undefined && this.#isModuleExports(node))
          return { kind: 'name', binding: this.#common.binding, at };
        return { kind: 'target', expression: this.#expression(node), at };
    }
  }

  // Functions --------------------------------------------------------------------------------------------------------

  #function(
    node: {
      readonly params: readonly ParamPattern[];
      readonly body: Node | null;
      readonly async: boolean;
      readonly generator: boolean;
      readonly start: number;
      readonly end: number;
    },
    name: string,
    isArrow: boolean,
  ): FunctionCode {
    const code: FunctionCode = {
      id: nextFunction++,
      name,
      file: this.#file,
      parent: this.#current,
      parameters: [],
      rest: undefined,
      body: [],
      isAsync: node.async,
      isGenerator: node.generator,
      isArrow,
      directive: undefined,
      at: node.start,
      end: node.end,
      captures: new Set(),
      assignsOuter: false,
      usesThis: false,
    };
    this.#functions.push(code);
    const outer = this.#current;
    this.#current = code;
    this.#inScope(() => {
      const parameters: Pattern[] = [];
      for (const parameter of node.params) {
        if (parameter.type === 'RestElement') {
          this.#declarePattern(parameter.argument);
          code.rest = this.#pattern(parameter.argument, true);
        } else if (parameter.type === 'Identifier' && parameter.name === 'this') continue;
        else parameters.push(this.#pattern(parameter, true));
      }
      code.parameters = parameters;
      if (node.body === null) return;
      if (node.body.type === 'BlockStatement') {
        code.directive = directiveOf(node.body.body);
        this.#declareAll(node.body.body);
        code.body = this.#block(node.body.body);
      } else {
        code.body = [{ kind: 'return', value: this.#expression(node.body), at: node.body.start }];
      }
    });
    this.#current = outer;
    if (isArrow && code.usesThis && outer !== undefined) outer.usesThis = true;
    return code;
  }

  // Statements -------------------------------------------------------------------------------------------------------

  /** Functions first: they are callable before their line. */
  #block(body: readonly Node[]): Statement[] {
    const functions: Statement[] = [];
    const rest: Statement[] = [];
    for (const node of body)
      for (const statement of this.#statement(node)) (statement.kind === 'function' ? functions : rest).push(statement);
    return [...functions, ...rest];
  }

  #nested(node: Node | null): Statement[] {
    if (node === null) return [];
    return this.#inScope(() => {
      const body = node.type === 'BlockStatement' ? node.body : [node];
      this.#declareAll(body);
      return this.#block(body);
    });
  }

  #statement(node: Node): Statement[] {
    const at = node.start;
    if (isAmbient(node)) return [];
    switch (node.type) {
      case 'ExpressionStatement': {
        const expression = this.#expression(node.expression);
        if (this.#current === undefined) {
          noteFilled(expression);
          if (this.#scopes.length === 1) this.#noteCommonExport(expression);
        }
        return [{ kind: 'expression', expression, at }];
      }
      case 'TSExportAssignment': {
        const value = this.#expression(node.expression);
        if (this.#common === undefined) return [];
        const target: Pattern = { kind: 'name', binding: this.#common.binding, at };
        const expression: Expression = { kind: 'assign', target, operator: '=', value, at };
        this.#noteCommonExport(expression);
        return [{ kind: 'expression', expression, at }];
      }
      case 'TSImportEqualsDeclaration': {
        const reference = node.moduleReference;
        if (node.importKind === 'type' || reference.type !== 'TSExternalModuleReference') return [];
        return this.#requiredNames(reference.expression.value, node.id, at) ?? [];
      }
      case 'VariableDeclaration':
        return node.declarations.flatMap((declarator): readonly Statement[] => {
          const specifier = declarator.init === null ? undefined : this.#required(declarator.init);
          const required =
            specifier === undefined ? undefined : this.#requiredNames(specifier, declarator.id, declarator.start);
          if (required !== undefined) return required;
          const init = declarator.init === null ? undefined : this.#named(declarator.init, declarator.id);
          const pattern = this.#pattern(declarator.id, true);
          if (this.#current === undefined && this.#scopes.length === 1) {
            for (const binding of bindingsOf(pattern)) binding.declaration = { kind: 'variable', pattern, init };
          }
          return [{ kind: 'declare', pattern, init, at: declarator.start }];
        });
      case 'FunctionDeclaration': {
        if (node.id === null) return [];
        const binding = this.#declare(node.id.name);
        const code = this.#function(node, node.id.name, false);
        this.#setDeclaration(binding, { kind: 'function', code });
        return [{ kind: 'function', binding, code, at }];
      }
      case 'ClassDeclaration': {
        if (node.id === null) return [];
        const binding = this.#declare(node.id.name);
        const expression = this.#class(node);
        this.#setDeclaration(binding, { kind: 'class', expression });
        return [{ kind: 'declare', pattern: { kind: 'name', binding, at }, init: expression, at }];
      }
      case 'TSEnumDeclaration': {
        const binding = this.#declare(node.id.name);
        const properties = node.body.members.map((member, index): ObjectProperty => ({
          kind: 'field',
          key: keyOf(member.id),
          value:
            member.initializer === null
              ? { kind: 'constant', value: index, at: member.start }
              : this.#expression(member.initializer),
          at: member.start,
        }));
        const pattern: Pattern = { kind: 'name', binding, at };
        const init: Expression = { kind: 'object', properties, at };
        this.#setDeclaration(binding, { kind: 'variable', pattern, init });
        return [{ kind: 'declare', pattern, init, at }];
      }
      case 'ReturnStatement':
        return [{ kind: 'return', value: node.argument === null ? undefined : this.#expression(node.argument), at }];
      case 'ThrowStatement':
        return [{ kind: 'throw', value: this.#expression(node.argument), at }];
      case 'BlockStatement':
        return [{ kind: 'block', body: this.#nested(node), at }];
      case 'IfStatement':
        return [
          {
            kind: 'if',
            test: this.#expression(node.test),
            then: this.#nested(node.consequent),
            else: this.#nested(node.alternate),
            at,
          },
        ];
      case 'ForOfStatement':
      case 'ForInStatement':
        return [
          this.#inScope((): Statement => {
            const over = this.#expression(node.right);
            const left = node.left;
            let pattern: Pattern;
            if (left.type === 'VariableDeclaration') {
              const target = left.declarations[0]?.id;
              pattern =
                target === undefined
                  ? { kind: 'object', properties: [], rest: undefined, at }
                  : this.#pattern(target, true);
            } else pattern = this.#pattern(left, false);
            return {
              kind: 'each',
              pattern,
              over,
              keys: node.type === 'ForInStatement',
              body: this.#nested(node.body),
              at,
            };
          }),
        ];
      case 'ForStatement':
        return [
          this.#inScope((): Statement => {
            if (node.init !== null) this.#declareAll([node.init]);
            const init =
              node.init === null
                ? []
                : node.init.type === 'VariableDeclaration'
                  ? this.#statement(node.init)
                  : [{ kind: 'expression', expression: this.#expression(node.init), at } satisfies Statement];
            const test = node.test === null ? undefined : this.#expression(node.test);
            const update = node.update === null ? undefined : this.#expression(node.update);
            return { kind: 'loop', init, test, update, body: this.#nested(node.body), testFirst: true, at };
          }),
        ];
      case 'WhileStatement':
      case 'DoWhileStatement':
        return [
          {
            kind: 'loop',
            init: [],
            test: this.#expression(node.test),
            update: undefined,
            body: this.#nested(node.body),
            testFirst: node.type === 'WhileStatement',
            at,
          },
        ];
      case 'TryStatement': {
        const body = this.#nested(node.block);
        let parameter: Pattern | undefined;
        let handler: Statement[] | undefined;
        const clause = node.handler;
        if (clause !== null) {
          this.#inScope(() => {
            if (clause.param !== null) parameter = this.#pattern(clause.param, true);
            handler = this.#nested(clause.body);
          });
        }
        return [{ kind: 'try', body, parameter, handler, finalizer: this.#nested(node.finalizer), at }];
      }
      case 'SwitchStatement':
        return [
          {
            kind: 'switch',
            value: this.#expression(node.discriminant),
            cases: this.#inScope(() => {
              for (const branch of node.cases) this.#declareAll(branch.consequent);
              return node.cases.map(branch => ({
                test: branch.test === null ? undefined : this.#expression(branch.test),
                body: this.#block(branch.consequent),
              }));
            }),
            at,
          },
        ];
      case 'BreakStatement':
        return [{ kind: 'jump', how: 'break', at }];
      case 'ContinueStatement':
        return [{ kind: 'jump', how: 'continue', at }];
      case 'LabeledStatement':
        return this.#statement(node.body);
      case 'ImportDeclaration':
        if (node.importKind !== 'type') {
          const names = node.specifiers
            .filter(specifier => specifier.type !== 'ImportSpecifier' || specifier.importKind !== 'type')
            .map(specifier =>
              specifier.type === 'ImportSpecifier'
                ? nameOf(specifier.imported)
                : specifier.type === 'ImportDefaultSpecifier'
                  ? 'default'
                  : '*',
            );
          if (node.specifiers.length === 0 || names.length > 0)
            this.#imports.push({ specifier: node.source.value, names, at });
        }
        return [];
      case 'ExportNamedDeclaration':
        return this.#exportNamed(node);
      case 'ExportDefaultDeclaration': {
        const declared = node.declaration;
        if ((declared.type === 'FunctionDeclaration' || declared.type === 'ClassDeclaration') && declared.id !== null) {
          const statements = this.#statement(declared);
          const binding = this.#resolve(declared.id.name);
          if (binding !== undefined) this.#exports.set('default', { kind: 'binding', binding });
          return statements;
        }
        if (declared.type === 'TSInterfaceDeclaration') return [];
        const expression =
          declared.type === 'FunctionDeclaration'
            ? ({ kind: 'function', code: this.#function(declared, 'default', false), at } satisfies Expression)
            : this.#expression(declared, 'default');
        this.#exports.set('default', { kind: 'expression', expression });
        return [{ kind: 'expression', expression, at }];
      }
      case 'ExportAllDeclaration':
        if (node.exportKind === 'type') return [];
        this.#imports.push({ specifier: node.source.value, names: ['*'], at });
        if (node.exported === null) this.#exportAll.push(node.source.value);
        else this.#exports.set(nameOf(node.exported), { kind: 'from', specifier: node.source.value, name: '*' });
        return [];
      default:
        return [];
    }
  }

  #exportNamed(node: Extract<Node, { type: 'ExportNamedDeclaration' }>): Statement[] {
    if (node.exportKind === 'type') return [];
    const source = node.source;
    if (source !== null) {
      const specifiers = node.specifiers.filter(specifier => specifier.exportKind !== 'type');
      this.#imports.push({
        specifier: source.value,
        names: specifiers.map(specifier => nameOf(specifier.local)),
        at: node.start,
      });
      for (const specifier of specifiers) {
        this.#exports.set(nameOf(specifier.exported), {
          kind: 'from',
          specifier: source.value,
          name: nameOf(specifier.local),
        });
      }
      return [];
    }
    if (node.declaration !== null) {
      const statements = this.#statement(node.declaration);
      for (const statement of statements) {
        const bindings =
          statement.kind === 'declare'
            ? bindingsOf(statement.pattern)
            : statement.kind === 'function'
              ? [statement.binding]
              : [];
        for (const binding of bindings) this.#exports.set(binding.name, { kind: 'binding', binding });
      }
      return statements;
    }
    for (const specifier of node.specifiers) {
      const binding = this.#resolve(nameOf(specifier.local));
      if (binding !== undefined) this.#exports.set(nameOf(specifier.exported), { kind: 'binding', binding });
    }
    return [];
  }

  #setDeclaration(binding: Binding, declaration: Declaration): void {
    if (binding.owner === undefined) binding.declaration = declaration;
  }

  // Expressions ------------------------------------------------------------------------------------------------------

  /** A function or class takes the name of what it is assigned to. */
  #named(node: Node, target: Node): Expression {
    return this.#expression(node, target.type === 'Identifier' ? target.name : undefined);
  }

  #items(nodes: readonly (Node | null)[]): Item[] {
    return nodes.map(node => {
      if (node === null) return { spread: false, value: { kind: 'constant', value: undefined, at: 0 } };
      return node.type === 'SpreadElement'
        ? { spread: true, value: this.#expression(node.argument) }
        : { spread: false, value: this.#expression(node) };
    });
  }

  #expression(node: Node, name?: string): Expression {
    const at = node.start;
    switch (node.type) {
      case 'Literal':
        return 'regex' in node
          ? { kind: 'constant', value: `/${node.regex.pattern}/`, at }
          : {
              kind: 'constant',
              value:
                typeof node.value === 'bigint' ? Number(node.value) : (node.value as string | number | boolean | null),
              at,
            };
      case 'Identifier': {
        if (node.name === 'undefined') return { kind: 'constant', value: undefined, at };
        const binding = this.#resolve(node.name);
        // Paths of the sources begin at their root.
        if (binding === undefined && node.name === '__filename')
          return { kind: 'constant', value: `/${this.#file}`, at };
        if (binding === undefined && node.name === '__dirname')
          return { kind: 'constant', value: `/${parentOf(this.#file)}`, at };
        return binding === undefined ? { kind: 'global', name: node.name, at } : { kind: 'name', binding, at };
      }
      case 'ThisExpression':
      case 'Super':
        if (this.#current !== undefined) this.#current.usesThis = true;
        return { kind: 'this', at };
      case 'ParenthesizedExpression':
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'TSNonNullExpression':
      case 'TSTypeAssertion':
      case 'TSInstantiationExpression':
      case 'ChainExpression':
        return this.#expression(node.expression, name);
      case 'MemberExpression': {
        if (this.#common !== undefined && this.#isModuleExports(node))
          return { kind: 'name', binding: this.#common.binding, at };
        const specifier = node.computed ? undefined : this.#required(node.object);
        if (specifier !== undefined) return this.#requireExpression(specifier, keyOf(node.property), at);
        const object = this.#expression(node.object);
        if (node.computed) {
          const index = this.#expression(node.property);
          const optional = mayStop(node);
          return index.kind === 'constant' && (typeof index.value === 'string' || typeof index.value === 'number')
            ? { kind: 'member', object, property: String(index.value), optional, at }
            : { kind: 'index', object, index, optional, at };
        }
        const name = keyOf(node.property);
        return {
          kind: 'member',
          object,
          // What a class overrides is kept under a name of its own (`super.canActivate`).
          property: node.object.type === 'Super' ? `super.${name}` : name,
          optional: mayStop(node),
          at: node.property.start,
        };
      }
      case 'CallExpression': {
        const specifier = this.#required(node);
        if (specifier !== undefined) return this.#requireExpression(specifier, wholeModule, at);
        return {
          kind: 'call',
          callee: this.#expression(node.callee),
          arguments: this.#items(node.arguments),
          optional: mayStop(node),
          at: node.callee.type === 'MemberExpression' ? node.callee.property.start : at,
          end: node.end,
        };
      }
      case 'NewExpression':
        return {
          kind: 'new',
          callee: this.#expression(node.callee),
          arguments: this.#items(node.arguments),
          at,
          end: node.end,
        };
      case 'ArrowFunctionExpression':
        return {
          kind: 'function',
          code: this.#function(
            { params: node.params, body: node.body, async: node.async, generator: false, start: at, end: node.end },
            name ?? '',
            true,
          ),
          at,
        };
      case 'FunctionExpression':
      case 'FunctionDeclaration': {
        const own = node.id;
        if (own === null) return { kind: 'function', code: this.#function(node, name ?? '', false), at };
        return this.#inScope((): Expression => ({ kind: 'function', code: this.#function(node, own.name, false), at }));
      }
      case 'ClassExpression':
      case 'ClassDeclaration':
        return this.#class(node, name);
      case 'ObjectExpression':
        return {
          kind: 'object',
          properties: node.properties.filter(isRead).map((property): ObjectProperty => {
            if (property.type === 'SpreadElement')
              return { kind: 'spread', value: this.#expression(property.argument), at: property.start };
            if (property.computed) {
              const key = this.#expression(property.key);
              const value = this.#expression(property.value);
              return key.kind === 'constant' && key.value !== undefined && key.value !== null
                ? { kind: 'field', key: String(key.value), value, at: property.start }
                : { kind: 'computed', key, value, at: property.start };
            }
            const key = keyOf(property.key);
            const value = this.#expression(property.value, key);
            return property.kind === 'get'
              ? { kind: 'field', key, value, at: property.start, getter: true }
              : { kind: 'field', key, value, at: property.start };
          }),
          at,
        };
      case 'ArrayExpression':
        return { kind: 'array', items: this.#items(node.elements), at };
      case 'TemplateLiteral': {
        const texts = node.quasis.map(quasi => quasi.value.cooked ?? quasi.value.raw);
        const values = node.expressions.map(inner => this.#expression(inner));
        if (values.length === 0) return { kind: 'constant', value: texts.join(''), at };
        return { kind: 'template', tag: undefined, texts, values, at, end: node.end };
      }
      case 'TaggedTemplateExpression':
        return {
          kind: 'template',
          tag: this.#expression(node.tag),
          texts: node.quasi.quasis.map(quasi => quasi.value.cooked ?? quasi.value.raw),
          values: node.quasi.expressions.map(inner => this.#expression(inner)),
          at,
          end: node.end,
        };
      case 'BinaryExpression':
        return {
          kind: 'binary',
          operator: node.operator,
          left: this.#expression(node.left),
          right: this.#expression(node.right),
          at,
        };
      case 'LogicalExpression':
        return {
          kind: 'logical',
          operator: node.operator,
          left: this.#expression(node.left),
          right: this.#expression(node.right),
          at,
        };
      case 'UnaryExpression':
        return node.operator === '!'
          ? { kind: 'not', operand: this.#expression(node.argument), at }
          : { kind: 'unary', operator: node.operator, operand: this.#expression(node.argument), at };
      case 'UpdateExpression':
        return {
          kind: 'assign',
          target: this.#pattern(node.argument, false),
          operator: '+=',
          value: { kind: 'constant', value: 1, at },
          at,
        };
      case 'ConditionalExpression':
        return {
          kind: 'conditional',
          test: this.#expression(node.test),
          then: this.#expression(node.consequent, name),
          else: this.#expression(node.alternate, name),
          at,
        };
      case 'AssignmentExpression': {
        const value = this.#named(node.right, node.left);
        return { kind: 'assign', target: this.#pattern(node.left, false), operator: node.operator, value, at };
      }
      case 'AwaitExpression':
        return { kind: 'await', operand: this.#expression(node.argument), at };
      case 'YieldExpression':
        return node.argument === null ? { kind: 'unknown', what: 'yield', at } : this.#expression(node.argument);
      case 'SequenceExpression':
        return { kind: 'sequence', items: node.expressions.map(inner => this.#expression(inner)), at };
      case 'ImportExpression': {
        const source = this.#expression(node.source);
        return source.kind === 'constant' && typeof source.value === 'string'
          ? { kind: 'import', specifier: source.value, at }
          : { kind: 'unknown', what: 'dynamic import', at };
      }
      case 'JSXElement': {
        const tag = jsxName(node.openingElement.name);
        const properties: ObjectProperty[] = [];
        for (const attribute of node.openingElement.attributes) {
          if (attribute.type === 'JSXSpreadAttribute') {
            properties.push({ kind: 'spread', value: this.#expression(attribute.argument), at: attribute.start });
            continue;
          }
          const key = attribute.name.type === 'JSXIdentifier' ? attribute.name.name : attribute.name.name.name;
          const value: Expression =
            attribute.value === null
              ? { kind: 'constant', value: true, at: attribute.start }
              : this.#expression(attribute.value, key);
          properties.push({ kind: 'field', key, value, at: attribute.start });
        }
        return {
          kind: 'element',
          tag,
          component: this.#jsxComponent(node.openingElement.name),
          properties,
          content: this.#content(node.children),
          at,
        };
      }
      case 'JSXFragment':
        return {
          kind: 'element',
          tag: '',
          component: undefined,
          properties: [],
          content: this.#content(node.children),
          at,
        };
      case 'JSXExpressionContainer':
        return this.#expression(node.expression, name);
      case 'JSXEmptyExpression':
        return { kind: 'constant', value: undefined, at };
      case 'JSXText':
        return { kind: 'constant', value: node.value, at };
      case 'JSXSpreadChild':
        return this.#expression(node.expression);
      default:
        return { kind: 'unknown', what: node.type, at };
    }
  }

  #content(children: readonly Node[]): Expression[] {
    return children
      .filter(child => !(child.type === 'JSXText' && child.value.trim() === ''))
      .map(child => this.#expression(child));
  }

  #jsxComponent(node: Node): Expression | undefined {
    const at = node.start;
    if (node.type === 'JSXMemberExpression') {
      const object = this.#jsxComponent(node.object);
      return object === undefined
        ? undefined
        : { kind: 'member', object, property: node.property.name, optional: false, at };
    }
    if (node.type !== 'JSXIdentifier') return undefined;
    const binding = this.#resolve(node.name);
    // A lower-case tag is a DOM element even when a variable has its name.
    if (binding === undefined || /^[a-z]/.test(node.name)) return undefined;
    return { kind: 'name', binding, at };
  }

  #class(node: Class, name?: string): Expression {
    const fields: ClassField[] = [];
    const statics: ClassField[] = [];
    let constructor_: FunctionCode | undefined;
    let injected: readonly Declared[] = [];
    const parameterFields: { name: string; parameter: string }[] = [];
    for (const element of node.body.body) {
      if (element.type === 'MethodDefinition') {
        if (element.kind === 'set') continue;
        if (element.kind === 'constructor') {
          for (const parameter of element.value.params) {
            if (parameter.type !== 'TSParameterProperty') continue;
            const target: Node =
              parameter.parameter.type === 'AssignmentPattern' ? parameter.parameter.left : parameter.parameter;
            if (target.type === 'Identifier') parameterFields.push({ name: target.name, parameter: target.name });
          }
          constructor_ = this.#constructorOf(element.value, parameterFields);
          injected = element.value.params.map(parameter => this.#declared(parameter));
          continue;
        }
        const key = element.computed ? '' : keyOf(element.key);
        const value: Expression = {
          kind: 'function',
          code: this.#function(element.value, key, false),
          at: element.start,
        };
        const parameters = element.value.params.map(parameter => this.#declared(parameter));
        (element.static ? statics : fields).push({
          name: key,
          value,
          getter: element.kind === 'get',
          ...this.#declaredField(element),
          ...(parameters.some(isDecorated) ? { parameters } : {}),
        });
      } else if (element.type === 'PropertyDefinition') {
        const key = element.computed ? '' : keyOf(element.key);
        const value = element.value === null ? undefined : this.#expression(element.value, key);
        (element.static ? statics : fields).push({ name: key, value, getter: false, ...this.#declaredField(element) });
      }
    }
    return {
      kind: 'class',
      name: node.id?.name ?? name ?? '',
      parent: node.superClass === null ? undefined : this.#expression(node.superClass),
      constructor_,
      fields,
      statics,
      at: node.start,
      ...this.#parentTypes(node),
      ...(node.decorators.length === 0 ? {} : { decorators: this.#decorators(node) }),
      ...(injected.some(part => isDecorated(part) || part.typeClass !== undefined) ? { injected } : {}),
    };
  }

  #decorators(node: { readonly decorators?: readonly Decorator[] | undefined }): readonly Expression[] {
    return (node.decorators ?? []).map(decorator => this.#expression(decorator.expression));
  }

  #parentTypes(node: Class): { readonly parentTypes?: readonly Expression[] } {
    const found = (node.superTypeArguments?.params ?? []).flatMap(type => this.#classNamed(type) ?? []);
    return found.length === 0 ? {} : { parentTypes: found };
  }

  /** The class that a type names. */
  #classNamed(type: Node | undefined): Expression | undefined {
    const name = type?.type === 'TSTypeReference' && type.typeName.type === 'Identifier' ? type.typeName : undefined;
    const binding = name === undefined ? undefined : this.#resolve(name.name);
    return binding === undefined || name === undefined ? undefined : { kind: 'name', binding, at: name.start };
  }

  #declaredField(node: MethodDefinition | PropertyDefinition | AccessorProperty): { readonly declared?: Declared } {
    return node.decorators.length === 0 ? {} : { declared: this.#declared(node) };
  }

  /** What stands before and after a name: its decorators and its type. */
  #declared(node: Node): Declared {
    const decorators = 'decorators' in node ? this.#decorators(node) : [];
    const named = node.type === 'TSParameterProperty' ? node.parameter : node;
    const target = named.type === 'AssignmentPattern' ? named.left : named;
    const annotation = 'typeAnnotation' in target ? target.typeAnnotation : undefined;
    const type = annotation?.type === 'TSTypeAnnotation' ? annotation.typeAnnotation : undefined;
    return {
      decorators,
      type: type === undefined ? '' : this.#text.slice(type.start, type.end),
      typeClass: this.#classNamed(type),
    };
  }

  /** `constructor(private readonly db: Db)` assigns the field of that name. */
  #constructorOf(node: FunctionNode, parameterFields: readonly { name: string; parameter: string }[]): FunctionCode {
    const code = this.#function(node, 'constructor', false);
    if (parameterFields.length === 0) return code;
    const bindings = new Map(code.parameters.flatMap(bindingsOf).map(binding => [binding.name, binding]));
    const assignments = parameterFields.flatMap(({ name, parameter }): Statement[] => {
      const binding = bindings.get(parameter);
      if (binding === undefined) return [];
      const at = code.at;
      const target: Pattern = {
        kind: 'target',
        expression: { kind: 'member', object: { kind: 'this', at }, property: name, optional: false, at },
        at,
      };
      return [
        {
          kind: 'expression',
          expression: { kind: 'assign', target, operator: '=', value: { kind: 'name', binding, at }, at },
          at,
        },
      ];
    });
    code.body = [...assignments, ...code.body];
    code.usesThis = true;
    return code;
  }
}

const fillers: ReadonlySet<string> = new Set(['push', 'unshift', 'set', 'add']);

/** Notes the names of the module that a statement at its top fills; one that does so for each of a list, too. */
function noteFilled(expression: Expression): void {
  if (expression.kind === 'assign' && expression.target.kind === 'target') noteRoot(expression.target.expression);
  if (expression.kind !== 'call' || expression.callee.kind !== 'member') return;
  const { object, property } = expression.callee;
  if (fillers.has(property)) noteRoot(object);
  if (property === 'assign' && object.kind === 'global' && object.name === 'Object')
    noteRoot(expression.arguments[0]?.value);
  if (property !== 'forEach') return;
  for (const { value } of expression.arguments)
    for (const statement of value.kind === 'function' ? value.code.body : [])
      if (statement.kind === 'expression') noteFilled(statement.expression);
      else if (statement.kind === 'return' && statement.value !== undefined) noteFilled(statement.value);
}

function noteRoot(expression: Expression | undefined): void {
  let root = expression;
  while (root?.kind === 'member' || root?.kind === 'index') root = root.object;
  const declaration = root?.kind === 'name' ? root.binding.declaration : undefined;
  const holds = declaration?.kind === 'variable' ? declaration.init?.kind : declaration?.kind;
  if (root?.kind === 'name' && holds !== undefined && ['object', 'array', 'new', 'class'].includes(holds))
    root.binding.filled = true;
}

/** The names that a pattern declares. */
export function bindingsOf(pattern: Pattern): Binding[] {
  switch (pattern.kind) {
    case 'name':
      return [pattern.binding];
    case 'object':
      return [
        ...pattern.properties.flatMap(property => bindingsOf(property.value)),
        ...(pattern.rest === undefined ? [] : bindingsOf(pattern.rest)),
      ];
    case 'array':
      return [
        ...pattern.items.flatMap(item => (item === undefined ? [] : bindingsOf(item))),
        ...(pattern.rest === undefined ? [] : bindingsOf(pattern.rest)),
      ];
    case 'default':
      return bindingsOf(pattern.pattern);
    case 'target':
      return [];
  }
}

function directiveOf(body: readonly Node[]): Directive | undefined {
  for (const node of body) {
    if (node.type !== 'ExpressionStatement' || node.expression.type !== 'Literal') return undefined;
    const text = node.expression.value;
    if (typeof text === 'string') {
      if (directives.has(text)) return text as Directive;
      if (text.startsWith('use cache')) return 'use cache';
    }
  }
  return undefined;
}

function keyOf(node: Node): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'PrivateIdentifier') return `#${node.name}`;
  return node.type === 'Literal' ? String(node.value) : '';
}

function nameOf(node: Node): string {
  return keyOf(node);
}

function jsxName(node: Node): string {
  if (node.type === 'JSXIdentifier') return node.name;
  if (node.type === 'JSXMemberExpression') return `${jsxName(node.object)}.${node.property.name}`;
  return node.type === 'JSXNamespacedName' ? `${node.namespace.name}:${node.name.name}` : '';
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) starts.push(index + 1);
  return starts;
}

/** `declare const globalThis: …` says what is there already, and makes nothing. */
function isAmbient(node: Node): boolean {
  return 'declare' in node && node.declare === true;
}

/** `a?.b.c` and `a?.b()` stop at the first missing link: what comes after is not reached either. */
function mayStop(node: Node): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return node.optional || mayStop(node.object);
    case 'CallExpression':
      return node.optional || mayStop(node.callee);
    case 'TSNonNullExpression':
      return mayStop(node.expression);
    default:
      return false;
  }
}

/** A setter says nothing of what a read gives. */
function isRead(node: Node): boolean {
  return !('kind' in node && node.kind === 'set');
}
