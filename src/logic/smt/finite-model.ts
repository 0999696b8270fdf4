/** Evaluates formulas over a finite structure: for comparing what they say with what Postgres does. */

type Expression = string | readonly Expression[];

/** The values of sorts, and what functions answer. */
export interface FiniteModel {
  readonly sorts: ReadonlyMap<string, readonly string[]>;
  /** The answer of a function by its name and arguments; conditions answer `true` or `false`. */
  readonly answer: (name: string, parts: readonly string[]) => string;
}

/** Whether a closed formula holds, with the functions that the declarations define. */
export function holds(formula: string, declarations: string, model: FiniteModel): boolean {
  const definitions = new Map(
    readAll(declarations).flatMap(line => {
      if (!Array.isArray(line) || line[0] !== 'define-fun') return [];
      const [, name, parameters, , body] = line;
      const names = Array.isArray(parameters) ? parameters.map(parameter => String(parameter[0])) : [];
      return typeof name === 'string' && body !== undefined ? [[name, { names, body }] as const] : [];
    }),
  );
  const [expression] = readAll(formula);
  return expression !== undefined && evaluate(expression, new Map(), { definitions, model }) === 'true';
}

interface Definitions {
  readonly definitions: ReadonlyMap<string, { readonly names: readonly string[]; readonly body: Expression }>;
  readonly model: FiniteModel;
}

function evaluate(expression: Expression, bound: ReadonlyMap<string, string>, context: Definitions): string {
  if (typeof expression === 'string') {
    if (expression === 'true' || expression === 'false') return expression;
    return bound.get(expression) ?? applied(expression, [], context);
  }
  const [head, ...rest] = expression;
  const value = (part: Expression): string => evaluate(part, bound, context);
  switch (head) {
    case 'and':
      return String(rest.every(part => value(part) === 'true'));
    case 'or':
      return String(rest.some(part => value(part) === 'true'));
    case 'not':
      return String(rest.every(part => value(part) === 'false'));
    case '=': {
      const [first, ...others] = rest.map(value);
      return String(others.every(other => other === first));
    }
    case 'exists':
    case 'forall': {
      const [variables, body] = rest;
      const isFound = ranges(variables, bound, context.model).some(
        inner => (evaluate(body ?? 'false', inner, context) === 'true') === (head === 'exists'),
      );
      return String(isFound === (head === 'exists'));
    }
    default:
      return applied(String(head), rest.map(value), context);
  }
}

function applied(name: string, parts: readonly string[], { definitions, model }: Definitions): string {
  const definition = definitions.get(name);
  if (definition === undefined) return model.answer(name, parts);
  const bound = new Map(definition.names.map((parameter, index) => [parameter, parts[index] ?? '']));
  return evaluate(definition.body, bound, { definitions, model });
}

function ranges(
  variables: Expression | undefined,
  bound: ReadonlyMap<string, string>,
  { sorts }: FiniteModel,
): readonly ReadonlyMap<string, string>[] {
  if (!Array.isArray(variables)) return [bound];
  return variables.reduce<readonly ReadonlyMap<string, string>[]>(
    (sofar, variable: Expression) => {
      const [name, sort] = Array.isArray(variable) ? variable.map(String) : ['', ''];
      return sofar.flatMap(before =>
        (sorts.get(sort ?? '') ?? []).map(value => new Map([...before, [name ?? '', value]])),
      );
    },
    [bound],
  );
}

function readAll(text: string): readonly Expression[] {
  const tokens = text.match(/\|[^|]*\||[()]|[^\s()|]+/g) ?? [];
  const stack: Expression[][] = [[]];
  for (const token of tokens) {
    if (token === '(') stack.push([]);
    else if (token === ')') {
      const done = stack.pop() ?? [];
      stack.at(-1)?.push(done);
    } else stack.at(-1)?.push(token);
  }
  return stack[0] ?? [];
}
