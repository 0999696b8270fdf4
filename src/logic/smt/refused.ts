import type { DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import { rolesOfRole } from '../roles.ts';
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
 * Why Postgres refuses every statement to which these conditions apply, whatever the rows: a sub-query leads back to its own
 * table through policies with sub-queries (42P17), or reads a table that the role may not read (42501).
 * https://www.postgresql.org/docs/18/ddl-rowsecurity.html
 */
export function refusalOf(
  table: Table,
  conditions: readonly string[],
  reader: PolicyReader,
  active: readonly string[] = [table.name],
): string | undefined {
  for (const tree of conditions.map(condition => reader.tree(condition))) {
    for (const read of tablesIn(tree, reader.database)) {
      if (staysInPlace(tree) && mayNotRead(read, reader))
        return `a policy reads '${read.name}', which '${reader.role}' may not read`;
      const inner = reader.policies(read);
      const asksAgain = inner.some(({ using, check }) =>
        [using, check].some(part => part !== undefined && holds(reader.tree(part), 'SubLink')),
      );
      if (!asksAgain) continue;
      if (active.includes(read.name)) return `the policies of '${read.name}' lead back to themselves`;
      const next = inner.map(({ using }) => using ?? 'true');
      const further = refusalOf(read, next, reader, [...active, read.name]);
      if (further !== undefined) return further;
    }
  }
  return undefined;
}

/** Of a table that only the app's code describes nobody knows who may read it. */
function mayNotRead(table: Table, { role, database }: PolicyReader): boolean {
  const roles = rolesOfRole(role, database);
  const may = table.grants.some(grant => grant.privilege === 'select' && roles.has(grant.role));
  return table.fromSchema !== true && table.owner !== role && !may;
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
