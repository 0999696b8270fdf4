import type { Binding, Expression, FunctionCode, ModuleCode, Statement } from '../source/ir.ts';

/** What can be read of a migration's expressions without running it. */
export class Literals {
  readonly #values = new Map<Binding, Expression>();

  constructor(module: ModuleCode, up: FunctionCode) {
    this.#note(module.body);
    this.#note(up.body);
    for (const code of module.functions) if (code.parent === up) this.#note(code.body);
  }

  #note(body: readonly Statement[]): void {
    for (const statement of body)
      if (statement.kind === 'declare' && statement.pattern.kind === 'name' && statement.init !== undefined)
        this.#values.set(statement.pattern.binding, statement.init);
  }

  /** What a name stands for; `new Table({ … })` is its options. */
  resolve(expression: Expression | undefined, depth = 0): Expression | undefined {
    if (expression === undefined || depth > 8) return undefined;
    if (expression.kind === 'name') {
      const known = this.#values.get(expression.binding);
      return known === undefined ? expression : this.resolve(known, depth + 1);
    }
    if (expression.kind === 'new') return this.resolve(expression.arguments[0]?.value, depth + 1);
    if (expression.kind === 'await') return this.resolve(expression.operand, depth + 1);
    if (expression.kind === 'member') {
      const object = this.resolve(expression.object, depth + 1);
      return object?.kind === 'object' ? this.field(object, expression.property) : expression;
    }
    return expression;
  }

  /** A field of an object literal. */
  field(expression: Expression | undefined, name: string): Expression | undefined {
    const object = this.resolve(expression);
    if (object?.kind !== 'object') return undefined;
    const own = object.properties.findLast(property => property.kind === 'field' && property.key === name);
    if (own !== undefined) return this.resolve(own.value);
    for (const property of object.properties)
      if (property.kind === 'spread') {
        const inner = this.field(property.value, name);
        if (inner !== undefined) return inner;
      }
    return undefined;
  }

  /** The fields of an object literal. */
  fields(expression: Expression | undefined): readonly (readonly [string, Expression])[] {
    const object = this.resolve(expression);
    if (object?.kind !== 'object') return [];
    return object.properties.flatMap((property): readonly (readonly [string, Expression])[] => {
      if (property.kind === 'spread') return this.fields(property.value);
      return property.kind === 'field' ? [[property.key, this.resolve(property.value) ?? property.value]] : [];
    });
  }

  /** The items of an array literal. */
  items(expression: Expression | undefined): readonly Expression[] {
    const array = this.resolve(expression);
    return array?.kind === 'array' ? array.items.flatMap(({ value }) => this.resolve(value) ?? []) : [];
  }

  constant(expression: Expression | undefined): string | number | boolean | null | undefined {
    const value = this.resolve(expression);
    return value?.kind === 'constant' ? value.value : undefined;
  }

  isTrue(expression: Expression | undefined): boolean {
    return this.constant(expression) === true;
  }

  /** A text that is constant, or put together of such. */
  text(expression: Expression | undefined): string | undefined {
    const value = this.resolve(expression);
    if (value?.kind === 'constant') return typeof value.value === 'string' ? value.value : undefined;
    if (value?.kind === 'template' && value.tag === undefined) {
      const parts = value.values.map(inner => this.text(inner) ?? this.#number(inner));
      if (parts.some(part => part === undefined)) return undefined;
      return value.texts.map((text, index) => `${text}${parts[index] ?? ''}`).join('');
    }
    if (value?.kind === 'binary' && value.operator === '+') {
      const [left, right] = [this.text(value.left), this.text(value.right)];
      return left === undefined || right === undefined ? undefined : left + right;
    }
    return undefined;
  }

  #number(expression: Expression): string | undefined {
    const value = this.constant(expression);
    return typeof value === 'number' ? String(value) : undefined;
  }

  /** A text, or the texts of a list. */
  texts(expression: Expression | undefined): readonly string[] {
    const one = this.text(expression);
    return one === undefined ? this.items(expression).flatMap(item => this.text(item) ?? []) : [one];
  }
}
