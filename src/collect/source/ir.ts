/**
 * A module of the analysed app, lowered: types gone, names resolved to bindings, sugar removed. Small enough to read whole,
 * and all that the interpreter ever sees of the source.
 */
export interface ModuleCode {
  readonly file: string;
  readonly directive: Directive | undefined;
  /** Offsets at which lines begin, to turn an offset into a line. */
  readonly lineStarts: readonly number[];
  readonly text: string;
  readonly body: readonly Statement[];
  readonly exports: ReadonlyMap<string, ExportTarget>;
  /** Specifiers of `export * from`. */
  readonly exportAll: readonly string[];
  /** What stands for `module.exports`; absent in a module that is no CommonJS. */
  readonly commonExports?: Binding;
  readonly imports: readonly ImportDeclaration[];
  /** Every function in the module, outermost first. */
  readonly functions: readonly FunctionCode[];
}

/** What a file or function declares about where it runs. */
export type Directive = 'use client' | 'use server' | 'use cache';

/** An import of a file, by local names. */
export interface ImportDeclaration {
  readonly specifier: string;
  readonly names: readonly string[];
  readonly at: number;
}

/** Where an exported name comes from. */
export type ExportTarget =
  | { readonly kind: 'binding'; readonly binding: Binding }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'from'; readonly specifier: string; readonly name: string }
  /** A field of what a CommonJS module exports. */
  | { readonly kind: 'field'; readonly binding: Binding; readonly name: string; readonly at: number };

/** The name under which a module is all that it exports, as `require` gives it. */
export const wholeModule = 'module.exports';

/** One declared name. */
export interface Binding {
  readonly id: number;
  readonly name: string;
  /** The function that it belongs to; absent for names of the module. */
  readonly owner: FunctionCode | undefined;
  /** Filled while lowering: how the name gets its first value. Only for names of a module. */
  declaration: Declaration | undefined;
  /** Assigned again after its declaration. */
  reassigned: boolean;
  /** A statement of the module puts something into what the name holds (`handlers.open = …`, `list.push(…)`). */
  filled?: boolean;
}

/** What a top-level name stands for. */
export type Declaration =
  | { readonly kind: 'import'; readonly specifier: string; readonly name: string }
  | { readonly kind: 'variable'; readonly pattern: Pattern; readonly init: Expression | undefined }
  | { readonly kind: 'function'; readonly code: FunctionCode }
  | { readonly kind: 'class'; readonly expression: Expression };

/** One function, method or arrow. */
export interface FunctionCode {
  readonly id: number;
  name: string;
  readonly file: string;
  readonly parent: FunctionCode | undefined;
  parameters: readonly Pattern[];
  rest: Pattern | undefined;
  body: readonly Statement[];
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  /** Methods and `function` have their own `this`. */
  readonly isArrow: boolean;
  directive: Directive | undefined;
  readonly at: number;
  readonly end: number;
  /** Bindings of enclosing functions that it (or a function inside) reads or writes. */
  readonly captures: Set<Binding>;
  /** It (or a function inside) assigns a binding of an enclosing function. */
  assignsOuter: boolean;
  usesThis: boolean;
}

interface At {
  readonly at: number;
}

/** What a parameter or declaration binds. */
export type Pattern =
  | (At & { readonly kind: 'name'; readonly binding: Binding })
  | (At & {
      readonly kind: 'object';
      readonly properties: readonly { readonly key: string | Expression; readonly value: Pattern }[];
      readonly rest: Pattern | undefined;
    })
  | (At & {
      readonly kind: 'array';
      readonly items: readonly (Pattern | undefined)[];
      readonly rest: Pattern | undefined;
    })
  | (At & { readonly kind: 'default'; readonly pattern: Pattern; readonly value: Expression })
  /** A target of an assignment that is no name: `a.b = …`. */
  | (At & { readonly kind: 'target'; readonly expression: Expression });

/** A property of an object literal. */
export type ObjectProperty =
  | {
      readonly kind: 'field';
      readonly key: string;
      readonly value: Expression;
      readonly at: number;
      /** The value is a function that each read of the field runs. */
      readonly getter?: true;
    }
  | { readonly kind: 'computed'; readonly key: Expression; readonly value: Expression; readonly at: number }
  | { readonly kind: 'spread'; readonly value: Expression; readonly at: number };

/** An element of an array literal or an argument of a call. */
export type Item = { readonly spread: boolean; readonly value: Expression };

/** An expression, lowered to what provenance needs. */
export type Expression = At &
  (
    | { readonly kind: 'constant'; readonly value: string | number | boolean | null | undefined }
    | { readonly kind: 'name'; readonly binding: Binding }
    | { readonly kind: 'global'; readonly name: string }
    | { readonly kind: 'this' }
    /** `super.name` is the field `super.name` of `this`. */
    | { readonly kind: 'member'; readonly object: Expression; readonly property: string; readonly optional: boolean }
    | { readonly kind: 'index'; readonly object: Expression; readonly index: Expression; readonly optional: boolean }
    | {
        readonly kind: 'call';
        readonly callee: Expression;
        readonly arguments: readonly Item[];
        readonly optional: boolean;
        readonly end: number;
      }
    | { readonly kind: 'new'; readonly callee: Expression; readonly arguments: readonly Item[]; readonly end: number }
    | { readonly kind: 'function'; readonly code: FunctionCode }
    | {
        readonly kind: 'class';
        readonly name: string;
        readonly parent: Expression | undefined;
        readonly constructor_: FunctionCode | undefined;
        readonly fields: readonly ClassField[];
        readonly statics: readonly ClassField[];
        /** Decorators of the class, as written; absent where there are none. */
        readonly decorators?: readonly Expression[];
        /** The classes that its parent's type arguments name (`extends Repository<Bill>`); absent without any. */
        readonly parentTypes?: readonly Expression[];
        /** What the constructor's parameters are declared as; absent without decorators or class types. */
        readonly injected?: readonly Declared[];
      }
    | { readonly kind: 'object'; readonly properties: readonly ObjectProperty[] }
    | { readonly kind: 'array'; readonly items: readonly Item[] }
    | {
        readonly kind: 'template';
        readonly tag: Expression | undefined;
        readonly texts: readonly string[];
        readonly values: readonly Expression[];
        readonly end: number;
      }
    | { readonly kind: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
    | {
        readonly kind: 'logical';
        readonly operator: '&&' | '||' | '??';
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: 'not'; readonly operand: Expression }
    | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression }
    | { readonly kind: 'conditional'; readonly test: Expression; readonly then: Expression; readonly else: Expression }
    | { readonly kind: 'assign'; readonly target: Pattern; readonly operator: string; readonly value: Expression }
    | { readonly kind: 'await'; readonly operand: Expression }
    | { readonly kind: 'sequence'; readonly items: readonly Expression[] }
    | {
        readonly kind: 'element';
        readonly tag: string;
        readonly component: Expression | undefined;
        readonly properties: readonly ObjectProperty[];
        readonly content: readonly Expression[];
      }
    /** `import('…')`; with a name, `require('…')` and a field of it. */
    | { readonly kind: 'import'; readonly specifier: string; readonly name?: string }
    | { readonly kind: 'unknown'; readonly what: string }
  );

/** What a decorated field or parameter says of itself. */
export interface Declared {
  /** As written: `@Column({ unique: true })`. */
  readonly decorators: readonly Expression[];
  /** The text of its type. */
  readonly type: string;
  /** The class that its type names. */
  readonly typeClass: Expression | undefined;
}

/** A field of a class, with its initial value. */
export type ClassField = {
  readonly name: string;
  readonly value: Expression | undefined;
  readonly getter: boolean;
  /** Absent for a field or method without decorators, its own or of its parameters. */
  readonly declared?: Declared;
  /** Of a method with decorated parameters: each parameter. */
  readonly parameters?: readonly Declared[];
};

/** A statement, with its structure kept: dominance is nesting and early exits. */
export type Statement = At &
  (
    | { readonly kind: 'declare'; readonly pattern: Pattern; readonly init: Expression | undefined }
    | { readonly kind: 'function'; readonly binding: Binding; readonly code: FunctionCode }
    | { readonly kind: 'expression'; readonly expression: Expression }
    | {
        readonly kind: 'if';
        readonly test: Expression;
        readonly then: readonly Statement[];
        readonly else: readonly Statement[];
      }
    | { readonly kind: 'return'; readonly value: Expression | undefined }
    | { readonly kind: 'throw'; readonly value: Expression }
    | { readonly kind: 'block'; readonly body: readonly Statement[] }
    | {
        readonly kind: 'each';
        readonly pattern: Pattern;
        readonly over: Expression;
        readonly keys: boolean;
        readonly body: readonly Statement[];
      }
    | {
        readonly kind: 'loop';
        readonly init: readonly Statement[];
        readonly test: Expression | undefined;
        readonly update: Expression | undefined;
        readonly body: readonly Statement[];
        readonly testFirst: boolean;
      }
    | {
        readonly kind: 'try';
        readonly body: readonly Statement[];
        readonly parameter: Pattern | undefined;
        readonly handler: readonly Statement[] | undefined;
        readonly finalizer: readonly Statement[];
      }
    | {
        readonly kind: 'switch';
        readonly value: Expression;
        readonly cases: readonly { readonly test: Expression | undefined; readonly body: readonly Statement[] }[];
      }
    | { readonly kind: 'jump'; readonly how: 'break' | 'continue' }
  );

/** The line (from 1) of an offset. */
export function lineOf(module: ModuleCode, offset: number): number {
  let low = 0;
  let high = module.lineStarts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((module.lineStarts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}

/** The trimmed text of a line (from 1), cut when very long. */
export function codeOf(module: ModuleCode, line: number): string {
  const start = module.lineStarts[line - 1] ?? 0;
  const end = module.lineStarts[line] ?? module.text.length + 1;
  const text = module.text.slice(start, end - 1).trim();
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
