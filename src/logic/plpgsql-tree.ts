import libpg from 'libpg-query';

import { quoteName, quoteQualified } from '../core/quote.ts';
import type { DatabaseFunction } from '../model/database/types.ts';
import { list, record, text, type SqlNode } from './sql-tree.ts';

/** A body in plpgsql: its variables, arguments first, and its outermost block. */
export interface PlpgsqlBody {
  readonly datums: readonly unknown[];
  readonly block: SqlNode;
}

/** Reads a function in plpgsql; undefined where its text cannot be read. The parser must have been loaded. */
export function parsePlpgsql(definition: DatabaseFunction): PlpgsqlBody | undefined {
  const parameters = definition.arguments.map(
    (argument, index) => `${quoteName(argument.name || `argument_${index + 1}`)} ${argument.type}`,
  );
  const statement = `create function ${quoteQualified(definition.name)}(${parameters.join(', ')}) returns ${definition.returns} language plpgsql as $drydock$${definition.body}$drydock$`;
  try {
    const parsed = record(libpg.parsePlPgSQLSync(statement));
    const body = record(record(record(list(parsed['plpgsql_funcs'])[0])['PLpgSQL_function']));
    return { datums: list(body['datums']), block: record(record(body['action'])['PLpgSQL_stmt_block']) };
  } catch {
    return undefined;
  }
}

/** The text of an expression or statement within the body. */
export function queryOf(node: unknown): string {
  return text(record(record(node)['PLpgSQL_expr'])['query']);
}

/** One way through `if` or `case`: what is asked, and what follows. The last asks nothing where there is an `else`. */
export interface PlpgsqlBranch {
  readonly condition: string | undefined;
  readonly statements: readonly unknown[];
}

/** The ways through an `if`, in their order. */
export function branchesOfIf(body: SqlNode): readonly PlpgsqlBranch[] {
  return [
    { condition: queryOf(body['cond']), statements: list(body['then_body']) },
    ...list(body['elsif_list']).map(entry => {
      const branch = record(record(entry)['PLpgSQL_if_elsif']);
      return { condition: queryOf(branch['cond']), statements: list(branch['stmts']) };
    }),
    { condition: undefined, statements: list(body['else_body']) },
  ];
}

/** The ways through a `case`: without `else`, what fits none is an error. */
export function branchesOfCase(body: SqlNode): readonly PlpgsqlBranch[] {
  const subject = queryOf(body['t_expr']);
  // What is compared stands in a variable of the parser's own.
  const named = (condition: string): string =>
    subject === '' ? condition : condition.replaceAll(/"__Case__Variable_\d+__"/g, () => `(${subject})`);
  return [
    ...list(body['case_when_list']).map(entry => {
      const branch = record(record(entry)['PLpgSQL_case_when']);
      return { condition: named(queryOf(branch['expr'])), statements: list(branch['stmts']) };
    }),
    ...(body['have_else'] === true ? [{ condition: undefined, statements: list(body['else_stmts']) }] : []),
  ];
}
