import libpg from 'libpg-query';
import { quoteName, quoteQualified } from '../core/quote.ts';
import type { DatabaseFunction } from '../model/database/types.ts';
import { parseSql } from './sql.ts';
import { columnFields, list, record, text, unwrap } from './sql-tree.ts';

/** What a body names without a schema, which a search path decides. Names as in the catalog. */
export interface BareNames {
  readonly tables: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  /** Calls of functions and operators, with the columns and types that stand directly among their arguments. */
  readonly calls: readonly BareCall[];
}

/** A function or operator that is named without a schema. */
export interface BareCall {
  readonly name: string;
  readonly kind: 'function' | 'operator';
  readonly columns: readonly string[];
  /** Types to which an argument is cast. */
  readonly casts: readonly string[];
}

/**
 * What the body of a function in SQL or PL/pgSQL names without a schema; undefined where it cannot be read.
 * Needs the parser: `loadSqlParser`.
 */
export function bareNamesOf(definition: DatabaseFunction): BareNames | undefined {
  const found = new Found();
  try {
    if (definition.language === 'plpgsql') found.plpgsql(definition);
    else if (definition.language === 'sql') found.walk(parseSql(definition.body));
    else return undefined;
  } catch {
    return undefined;
  }
  return {
    tables: new Set([...found.tables].filter(name => !found.queries.has(name))),
    types: found.types,
    calls: found.calls,
  };
}

class Found {
  readonly tables = new Set<string>();
  readonly types = new Set<string>();
  readonly calls: BareCall[] = [];
  /** Named by `with`. */
  readonly queries = new Set<string>();

  plpgsql(definition: DatabaseFunction): void {
    const parameters = definition.arguments.map(
      (argument, index) => `${quoteName(argument.name || `argument_${index + 1}`)} ${argument.type}`,
    );
    const tag = '$drydock$';
    this.#parsed(
      libpg.parsePlPgSQLSync(
        `create function ${quoteQualified(definition.name)}(${parameters.join(', ')}) returns ${definition.returns} language plpgsql as ${tag}${definition.body}${tag}`,
      ),
    );
  }

  /** Every query and expression of a body, and the types of its variables. */
  #parsed(value: unknown): void {
    if (Array.isArray(value)) for (const each of value) this.#parsed(each);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const { PLpgSQL_expr: expression, PLpgSQL_type: type } = record(value);
    if (expression !== undefined) {
      const { query, parseMode } = record(expression);
      // 0 is a whole statement; the others are what would stand after SELECT, assignments with their target.
      const written = text(query);
      this.walk(parseSql(parseMode === 0 ? written : `select ${written.replace(/^[\w".[\]]+\s*:=/, '')}`));
      return;
    }
    if (type !== undefined) this.#declared(text(record(type)['typname']));
    for (const each of Object.values(value)) this.#parsed(each);
  }

  #declared(name: string): void {
    const [, bare, rest] = /^"?(\w+)"?(%rowtype|\..*%type|\[\])?$/i.exec(name) ?? [];
    if (bare === undefined) return;
    if (rest === undefined || rest === '[]') this.types.add(bare);
    else this.tables.add(bare);
  }

  walk(value: unknown): void {
    if (Array.isArray(value)) for (const each of value) this.walk(each);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const [kind, body] of Object.entries(value)) this.#node(kind, body);
  }

  #node(kind: string, body: unknown): void {
    const node = record(body);
    if (kind === 'RangeVar' || kind === 'relation') {
      if (text(node['schemaname']) === '') this.tables.add(text(node['relname']));
    } else if (kind === 'CommonTableExpr') this.queries.add(text(node['ctename']));
    else if (kind === 'TypeCast') this.#type(record(node['typeName']));
    else if (kind === 'FuncCall') this.#call('function', list(node['funcname']), list(node['args']));
    else if (kind === 'A_Expr') this.#call('operator', list(node['name']), [node['lexpr'], node['rexpr']]);
    this.walk(body);
  }

  #type(node: Readonly<Record<string, unknown>>): void {
    const names = namesIn(list(node['names']));
    const [only] = names;
    if (only !== undefined && names.length === 1) this.types.add(only);
  }

  #call(kind: BareCall['kind'], parts: readonly unknown[], given: readonly unknown[]): void {
    const names = namesIn(parts);
    const [name] = names;
    if (name === undefined || names.length > 1) return;
    const columns: string[] = [];
    const casts: string[] = [];
    for (const argument of given.flatMap(each => [each, ...list(record(record(each)['List'])['items'])])) {
      const fields = columnFields(record(argument));
      const column = fields === undefined || fields === 'all' ? undefined : fields.at(-1);
      if (column !== undefined) columns.push(column);
      const [inner, cast] = unwrap(record(argument));
      const type = inner === 'TypeCast' ? namesIn(list(record(cast['typeName'])['names'])).at(-1) : undefined;
      if (type !== undefined) casts.push(type);
    }
    this.calls.push({ name, kind, columns, casts });
  }
}

function namesIn(parts: readonly unknown[]): readonly string[] {
  return parts.map(part => text(record(record(part)['String'])['sval']));
}
