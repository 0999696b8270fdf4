import { mayUse } from '../../model/database/roles.ts';
import type { DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import { record, relationName, text, type SqlNode } from '../sql-tree.ts';

/** What the walk needs of the policies of one role. */
export interface PolicyReader {
  readonly database: DatabaseModel;
  readonly role: string;
  /** Those for SELECT that bind the role; none where nothing is let through anyway. */
  policies(table: Table): readonly Policy[];
  tree(condition: string): SqlNode;
}

/**
 * Whether Postgres refuses every statement to which these conditions apply, whatever the rows: a sub-query leads back to its
 * own table through policies with sub-queries (42P17), or reads a table that the role may not read (42501).
 * https://www.postgresql.org/docs/18/ddl-rowsecurity.html
 */
export function isRefused(
  table: Table,
  conditions: readonly string[],
  reader: PolicyReader,
  active: readonly string[] = [table.name],
): boolean {
  const { database } = reader;
  return conditions.some(condition => {
    const tree = reader.tree(condition);
    return tablesIn(tree, database).some(read => {
      if (staysInPlace(tree) && mayNotRead(read, reader)) return true;
      const inner = reader.policies(read);
      const asksAgain = inner.some(({ using, check }) =>
        [using, check].some(part => part !== undefined && holds(reader.tree(part), 'SubLink')),
      );
      if (!asksAgain) return false;
      if (active.includes(read.name)) return true;
      const next = inner.map(({ using }) => using ?? 'true');
      return isRefused(read, next, reader, [...active, read.name]);
    });
  });
}

/** Of a table that only the app's code describes nobody knows who may read it. */
function mayNotRead(table: Table, { role, database }: PolicyReader): boolean {
  return table.fromSchema !== true && table.owner !== role && !mayUse(role, 'select', table, database);
}

/** The tables that its sub-queries name; what views and functions read is read with other rights, or later. */
function tablesIn(tree: SqlNode, database: DatabaseModel): readonly Table[] {
  const found = new Set<string>();
  visit(tree, (kind, body) => {
    // Printed conditions name the schema of every table; a name alone is one that WITH gives.
    if (kind === 'RangeVar' && text(body['schemaname']) !== '') found.add(relationName(body));
  });
  return database.tables.filter(table => found.has(table.name));
}

/** Privileges are asked of what is left when constants are worked out: only where none is, all of it is left. */
function staysInPlace(tree: SqlNode): boolean {
  let stays = true;
  visit(tree, (kind, body) => {
    if (/^(NullTest|BooleanTest|CaseExpr|CoalesceExpr|MinMaxExpr)$/.test(kind)) stays = false;
    if (kind === 'A_Const' && (body['boolval'] !== undefined || body['isnull'] === true)) stays = false;
    if (kind === 'A_Expr' && !holds(body, 'ColumnRef')) stays = false;
  });
  return stays;
}

function holds(tree: SqlNode, wanted: string): boolean {
  let found = false;
  visit(tree, kind => {
    if (kind === wanted) found = true;
  });
  return found;
}

function visit(node: unknown, tell: (kind: string, body: SqlNode) => void): void {
  if (Array.isArray(node)) for (const part of node) visit(part, tell);
  else if (typeof node === 'object' && node !== null)
    for (const [kind, body] of Object.entries(node)) {
      tell(kind, record(body));
      visit(body, tell);
    }
}
