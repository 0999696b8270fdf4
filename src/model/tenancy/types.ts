/** Who owns which row. Inferred once from schema and policies; everything else reads it. SQL names as in `DatabaseModel`. */
export interface TenancyModel {
  /** The table whose rows are tenants, e.g. `organization`; the principal table where each user is a tenant; absent when none was found. */
  readonly root: TenantRoot | undefined;
  /** The table of users. */
  readonly principal: { readonly table: string; readonly key: string } | undefined;
  readonly memberships: readonly Membership[];
  /** Types of the keys of users and tenants of which the database has no table, only their ids. */
  readonly keptElsewhere?: { readonly users?: string; readonly tenants?: string };
  /** Tenants of another kind beside the root's, which do not belong to one of them: partners beside workspaces. */
  readonly otherRoots?: readonly (TenantRoot & { readonly memberships: readonly Membership[] })[];
  /** One entry per table, in name order. */
  readonly owners: readonly Owner[];
  /** Why each part was inferred so, one sentence each. */
  readonly reasons: readonly string[];
}

/** The table whose rows are tenants, and its key. */
export interface TenantRoot {
  readonly table: string;
  readonly key: string;
}

/** A table that says which user belongs to which tenant; or the tenant's own, where a column of it lists the users. */
export interface Membership {
  readonly table: string;
  readonly tenantColumn: string;
  readonly userColumn: string;
  /** Set where `userColumn` is an array or a JSON list: what its elements are. */
  readonly lists?: 'keys' | 'addresses';
  readonly roleColumn?: string;
  /** Values of the role column that mean administrator, where known. */
  readonly adminRoles: readonly string[];
}

/** One hop after the other, from a row to its tenant or user. */
export type OwnerPath = readonly [OwnerHop, ...OwnerHop[]];

/** A path that rows take unless another column says that they take another one: a comment on a task, and not on a project. */
export interface OwnerWay {
  readonly path: OwnerPath;
  readonly unless?: { readonly column: string; readonly values: readonly string[] };
}

/** All ways of rows that name a row of one of several tables in the same column, the one with `path` first. */
export type OwnerWays = readonly [OwnerWay, OwnerWay, ...OwnerWay[]];

/** How to get from a row of `table` to its tenant (or to the user that owns it). */
export interface Owner {
  readonly table: string;
  readonly ownership:
    /** Follow `path`; the last hop's column holds the tenant's key. */
    | { readonly kind: 'tenant'; readonly path: OwnerPath; readonly ways?: OwnerWays }
    /** The row belongs to one user; the last hop's column holds the user's key. */
    | { readonly kind: 'user'; readonly path: OwnerPath; readonly ways?: OwnerWays }
    /** Reference data that everyone may read. */
    | { readonly kind: 'shared'; readonly because: string }
    | { readonly kind: 'unknown'; readonly because: string };
  readonly confidence: 'declared' | 'foreign-key' | 'policy' | 'name' | 'none';
  /** Columns whose values must not reach a browser: hashes, tokens, keys, payment data. */
  readonly secretColumns: readonly string[];
  /** Columns that, being unguessable, authorise whoever knows them (share tokens, API keys). */
  readonly capabilityColumns: readonly string[];
}

/** From a row's `column` to the `referencedColumn` of a row of `table`; the last hop names the tenant (or user) table. */
export interface OwnerHop {
  readonly column: string;
  readonly table: string;
  readonly referencedColumn: string;
}
