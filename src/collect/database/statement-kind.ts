import type { CreatePolicyStmt, Node, RangeVar } from 'libpg-query';
import type { Policy } from '../../model/database/types.ts';

/** What a statement is, as far as its replay and the places of findings depend on it. */
export type StatementKind =
  /** Makes or changes something a finding may point at; `name` as in `DatabaseModel`, policies as `table/policy`. */
  | {
      readonly kind: 'defines';
      readonly what: 'table' | 'view' | 'policy' | 'function';
      readonly name: string;
      /** What is there under that name already stays, with its owner: `or replace`, `if not exists`. */
      readonly takesAsFound?: true;
      /** What a new policy opens, and for whom; absent of one that narrows what others open. */
      readonly opens?: { readonly command: Policy['command']; readonly roles: readonly string[] };
    }
  /** The same of what findings point at only where it was taken as found. */
  | {
      readonly kind: 'makes';
      readonly what: 'sequence' | 'schema';
      readonly name: string;
      readonly takesAsFound?: true;
    }
  | { readonly kind: 'drops'; readonly names: readonly string[] }
  | { readonly kind: 'renames'; readonly from: string; readonly to: string }
  | { readonly kind: 'index'; readonly method: string; readonly concurrently: boolean }
  | { readonly kind: 'extension'; readonly name: string; readonly schema: string | undefined }
  | { readonly kind: 'role'; readonly name: string }
  /** Gives privileges away, on objects that are there or, with `later`, on those made from now on. */
  | { readonly kind: 'grants'; readonly later: boolean; readonly onDatabase?: true }
  /** `begin`, `commit`: every statement is replayed on its own. */
  | { readonly kind: 'transaction' }
  /** Data from the client, or to and from programs of the server: nothing for a replica. */
  | { readonly kind: 'copy' }
  | { readonly kind: 'concurrently' }
  /** `do`: what it makes stands within it. */
  | { readonly kind: 'block' }
  | { readonly kind: 'revokes-on-database' }
  | { readonly kind: 'unparsed'; readonly reason: string }
  | { readonly kind: 'other' };

const other: StatementKind = { kind: 'other' };

/** Reads the kind from the syntax tree of one statement. */
export function kindOfStatement(node: Node | undefined): StatementKind {
  if (node === undefined) return other;
  if ('CreateStmt' in node)
    return defines('table', relationName(node.CreateStmt.relation), node.CreateStmt.if_not_exists);
  if ('CreateForeignTableStmt' in node) {
    const { base } = node.CreateForeignTableStmt;
    return defines('table', relationName(base?.relation), base?.if_not_exists);
  }
  if ('ViewStmt' in node) return defines('view', relationName(node.ViewStmt.view), node.ViewStmt.replace);
  if ('CreateTableAsStmt' in node) {
    const what = node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW' ? 'view' : 'table';
    return defines(what, relationName(node.CreateTableAsStmt.into?.rel), node.CreateTableAsStmt.if_not_exists);
  }
  if ('CreatePolicyStmt' in node) return { ...policy(node.CreatePolicyStmt), ...openedBy(node.CreatePolicyStmt) };
  if ('AlterPolicyStmt' in node) return policy(node.AlterPolicyStmt);
  if ('CreateFunctionStmt' in node) {
    const { funcname, replace } = node.CreateFunctionStmt;
    return defines('function', dottedName(funcname ?? []), replace);
  }
  if ('IndexStmt' in node) {
    return {
      kind: 'index',
      method: node.IndexStmt.accessMethod ?? 'btree',
      concurrently: node.IndexStmt.concurrent === true,
    };
  }
  if ('CreateExtensionStmt' in node) {
    return {
      kind: 'extension',
      name: node.CreateExtensionStmt.extname ?? '',
      schema: extensionSchema(node.CreateExtensionStmt.options ?? []),
    };
  }
  if ('CreateRoleStmt' in node) return { kind: 'role', name: node.CreateRoleStmt.role ?? '' };
  if ('CreateSeqStmt' in node) {
    const { sequence, if_not_exists: takesAsFound } = node.CreateSeqStmt;
    return { kind: 'makes', what: 'sequence', name: relationName(sequence), ...asFound(takesAsFound) };
  }
  if ('CreateSchemaStmt' in node) {
    const { schemaname, if_not_exists: takesAsFound } = node.CreateSchemaStmt;
    return { kind: 'makes', what: 'schema', name: schemaname ?? '', ...asFound(takesAsFound) };
  }
  if ('GrantStmt' in node && node.GrantStmt.objtype === 'OBJECT_DATABASE') {
    // What is taken from a database is not listed, and still meant for this one.
    return node.GrantStmt.is_grant === true
      ? { kind: 'grants', later: false, onDatabase: true }
      : { kind: 'revokes-on-database' };
  }
  if ('GrantStmt' in node && node.GrantStmt.is_grant === true) return { kind: 'grants', later: false };
  if ('AlterDefaultPrivilegesStmt' in node) {
    return node.AlterDefaultPrivilegesStmt.action?.is_grant === true ? { kind: 'grants', later: true } : other;
  }
  if ('TransactionStmt' in node) return { kind: 'transaction' };
  if ('CopyStmt' in node) return { kind: 'copy' };
  if ('DoStmt' in node) return { kind: 'block' };
  if ('DropStmt' in node) {
    return node.DropStmt.concurrent === true
      ? { kind: 'concurrently' }
      : { kind: 'drops', names: (node.DropStmt.objects ?? []).map(droppedName) };
  }
  if ('RenameStmt' in node) return renamed(node.RenameStmt);
  return other;
}

function policy(node: { readonly policy_name?: string; readonly table?: RangeVar }): StatementKind {
  return defines('policy', `${relationName(node.table)}/${node.policy_name ?? ''}`);
}

function openedBy({ permissive, cmd_name: command, roles }: CreatePolicyStmt): {
  readonly opens?: { readonly command: Policy['command']; readonly roles: readonly string[] };
} {
  if (permissive !== true) return {};
  const names = (roles ?? []).map(role => ('RoleSpec' in role ? (role.RoleSpec.rolename ?? 'public') : 'public'));
  return { opens: { command: commands.find(each => each === command) ?? 'all', roles: names } };
}

const commands = ['all', 'select', 'insert', 'update', 'delete'] as const;

function defines(what: 'table' | 'view' | 'policy' | 'function', name: string, takesAsFound?: boolean): StatementKind {
  return { kind: 'defines', what, name, ...asFound(takesAsFound) };
}

function asFound(is: boolean | undefined): { readonly takesAsFound?: true } {
  return is === true ? { takesAsFound: true } : {};
}

function droppedName(object: Node): string {
  if ('List' in object) return dottedName(object.List.items ?? []);
  if ('ObjectWithArgs' in object) return dottedName(object.ObjectWithArgs.objname ?? []);
  return 'String' in object ? (object.String.sval ?? '') : '';
}

function renamed(node: {
  readonly renameType?: string;
  readonly relation?: RangeVar;
  readonly subname?: string;
  readonly newname?: string;
}): StatementKind {
  const from = relationName(node.relation);
  const to = node.newname ?? '';
  if (node.renameType === 'OBJECT_TABLE' || node.renameType === 'OBJECT_VIEW') {
    return { kind: 'renames', from, to: sqlName(node.relation?.schemaname, to) };
  }
  if (node.renameType === 'OBJECT_POLICY')
    return { kind: 'renames', from: `${from}/${node.subname ?? ''}`, to: `${from}/${to}` };
  return other;
}

function relationName(relation: RangeVar | undefined): string {
  return sqlName(relation?.schemaname, relation?.relname ?? '');
}

function dottedName(parts: readonly Node[]): string {
  const names = parts.flatMap(part => ('String' in part ? [part.String.sval ?? ''] : []));
  return sqlName(names.length > 1 ? names.at(-2) : undefined, names.at(-1) ?? '');
}

/** `schema.name`, or `name` in `public`: how models name things. */
export function sqlName(schema: string | undefined, name: string): string {
  return schema === undefined || schema === '' || schema === 'public' ? name : `${schema}.${name}`;
}

function extensionSchema(options: readonly Node[]): string | undefined {
  for (const option of options) {
    if (!('DefElem' in option) || option.DefElem.defname !== 'schema') continue;
    const value = option.DefElem.arg;
    if (value !== undefined && 'String' in value) return value.String.sval;
  }
  return undefined;
}
