import type { Machine } from '../../machine.ts';

/** What a schema in text says of a field. */
export interface DefinedField {
  /** The named type that it gives, or a list of. */
  readonly returns: string;
  /** Arguments, and whether each must be given. */
  readonly arguments: ReadonlyMap<string, boolean>;
}

/** Fields by `Type.field`, from every schema that the sources have as text. */
export function definedFields(machine: Machine): ReadonlyMap<string, DefinedField> {
  return machine.remember('graphql definitions', () => {
    const found = new Map<string, DefinedField>();
    for (const path of machine.source.paths) {
      if (!/\.(?:graphqls?|gql|[cm]?[jt]sx?)$/.test(path)) continue;
      const text = machine.source.text(path) ?? '';
      if (/\btype\s+(?:Query|Mutation|Subscription)\b[^{}()=;]*\{/.test(text)) readTypes(text, found);
    }
    return found;
  });
}

function readTypes(text: string, into: Map<string, DefinedField>): void {
  const plain = text.replaceAll(/"""[\s\S]*?"""|#[^\n]*/g, '');
  for (const [, type = '', body = ''] of plain.matchAll(/\btype\s+(\w+)\b[^{}()=;]*\{([^{}]*)\}/g)) {
    for (const [, name = '', given = '', returns = ''] of body.matchAll(/(\w+)\s*(\([^)]*\))?\s*:\s*\[*\s*(\w+)/g))
      into.set(`${type}.${name}`, { returns, arguments: argumentsIn(given) });
  }
}

/** `(id: ID!, first: Int = 10)`: one with `!` and no default must be given; one with a default is there. */
function argumentsIn(text: string): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (const [, name = '', type = '', rest = ''] of text.matchAll(/(\w+)\s*:\s*([[\]\w!]+)\s*(=)?/g))
    found.set(name, type.endsWith('!') || rest === '=');
  return found;
}
