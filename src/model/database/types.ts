import type { Platform } from '../../core/platform.ts';
import type { Predicate } from '../../core/predicate.ts';

/** Plain data: what a Postgres database is made of, as far as isolation depends on it. SQL names: `schema.table`, or `table` for `public`. */
export interface DatabaseModel {
  readonly tables: readonly Table[];
  readonly views: readonly View[];
  readonly functions: readonly DatabaseFunction[];
  readonly roles: readonly DatabaseRole[];
  readonly enums: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly buckets: readonly { readonly name: string; readonly public: boolean }[];
  readonly platform: Platform;
  /** The schemas that Supabase's API serves; absent where nothing says so. */
  readonly exposedSchemas?: readonly string[];
  /** What the catalog says beside its objects; absent where only code describes the tables. */
  readonly facts?: CatalogFacts;
}

/** What decides who reaches objects that are made later, and what goes out by other ways than queries. */
export interface CatalogFacts {
  readonly schemas: readonly SchemaFact[];
  readonly defaultGrants: readonly DefaultGrant[];
  readonly publications: readonly Publication[];
  readonly extensions: readonly { readonly name: string; readonly schema: string; readonly definedAt?: SourcePlace }[];
  /** Every `grant` of the migrations, in their order. */
  readonly grantStatements: readonly (SourcePlace & { readonly text: string })[];
  /** The function that PostgREST calls before each request, as SQL names it; whatever it sets, policies can read. */
  readonly preRequest?: string;
  /** Roles that may make schemas in the database. */
  readonly schemaMakers?: readonly string[];
  /** What came under its name by a statement that keeps what is there already. */
  readonly takenAsFound?: readonly TakenAsFound[];
  /** Secrets that the migrations write out, by what they are. */
  readonly writtenSecrets?: readonly (SourcePlace & { readonly kind: string })[];
}

/** Something made by `create or replace` or `if not exists`, when nothing before it had made or dropped it. */
export interface TakenAsFound extends SourcePlace {
  readonly what: 'table' | 'view' | 'function' | 'sequence' | 'schema';
  readonly name: string;
  /** How many of `grantStatements` came before. */
  readonly grantsBefore: number;
}

/** A schema with who may name things in it and who may make some. */
export interface SchemaFact {
  readonly name: string;
  readonly usage: readonly string[];
  readonly create: readonly string[];
}

/** What `alter default privileges` gives away of every object made later. */
export interface DefaultGrant {
  /** The role whose objects it is about. */
  readonly maker: string;
  /** Absent where it holds in every schema. */
  readonly schema?: string;
  readonly objects: 'tables' | 'sequences' | 'functions' | 'types' | 'schemas';
  readonly role: string;
  readonly privilege: string;
  readonly definedAt?: SourcePlace;
}

/** A publication; changes of its tables go out to whoever follows it. */
export interface Publication {
  readonly name: string;
  readonly allTables: boolean;
  readonly tables: readonly string[];
}

/** A table (or partition) with what decides who reaches its rows. */
export interface Table {
  readonly name: string;
  readonly schema: string;
  readonly kind: 'table' | 'partitioned' | 'foreign-table';
  readonly owner: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  /** Every unique key, the primary key among them. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly indexes: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    /** Whether its columns are unique among all rows. */
    readonly unique?: boolean;
    /** Whether a constraint of the same name made it. */
    readonly constraint?: boolean;
  }[];
  /** Check constraints, as `pg_get_expr` prints them, and those of its columns' domains. */
  readonly checks?: readonly { readonly name: string; readonly expression: string }[];
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  readonly policies: readonly Policy[];
  readonly grants: readonly Grant[];
  /** Tables that it is a partition or a child of. */
  readonly parents?: readonly string[];
  readonly triggers?: readonly TableTrigger[];
  /** What statements on it are rewritten to, as `pg_get_ruledef` prints it. */
  readonly rules?: readonly string[];
  /** Whether migrations put rows into it, as they do into reference data; absent where rows were not looked at. */
  readonly filled?: boolean;
  /** Only a schema in the app's code names it (Prisma, Drizzle, generated types): its policies and grants are not known. */
  readonly fromSchema?: boolean;
  /** Policies of migrations that did not replay, for want of something: they may open it further than what is seen here. */
  readonly lostPolicies?: readonly (SourcePlace & Pick<Policy, 'name' | 'command' | 'roles'>)[];
  readonly notCopied?: NotCopied;
  /** Where the migration created it. */
  readonly definedAt?: SourcePlace;
}

/** Set where the copy of a live database could not be given it: nothing was tried on it. */
export type NotCopied = true;

/** Where a migration made something. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly endLine?: number;
}

/** A trigger of a table, with the function that it runs. */
export interface TableTrigger {
  readonly name: string;
  readonly function: string;
  /** As `pg_get_triggerdef` prints it. */
  readonly definition: string;
}

/** A column, with what row synthesis must respect. */
export interface Column {
  readonly name: string;
  /** As `format_type` prints it: `uuid`, `text`, `numeric(12,2)`, `order_status`. */
  readonly type: string;
  /** The type below a domain. */
  readonly domainOf?: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  readonly generated: boolean;
  /** Set where the default of a text or a uuid is another one each time. */
  readonly randomDefault?: true;
  /** Set where every new row says yes unless it says otherwise: a flag whose default is true. */
  readonly startsTrue?: true;
}

/** A foreign key; `columns` and `referencedColumns` pair up. */
export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  readonly referencedColumns: readonly string[];
  readonly onDelete: 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';
}

/** The command a policy is written for. */
export type PolicyCommand = 'all' | 'select' | 'insert' | 'update' | 'delete';

/** A row security policy, as text and lowered. */
export interface Policy {
  readonly name: string;
  readonly table: string;
  readonly command: PolicyCommand;
  readonly permissive: boolean;
  /** Role names; `public` means every role. */
  readonly roles: readonly string[];
  /** `pg_get_expr` of USING and WITH CHECK; absent when the policy has none. */
  readonly using?: string;
  readonly check?: string;
  /** The same, lowered; `self` is the row. Helper functions are inlined where possible. */
  readonly usingPredicate?: Predicate;
  readonly checkPredicate?: Predicate;
  /** The statement as its migration wrote it, before Postgres resolved its names. */
  readonly written?: string;
  readonly definedAt?: SourcePlace;
}

/** One privilege of one role. */
export interface Grant {
  readonly role: string;
  readonly privilege: 'select' | 'insert' | 'update' | 'delete' | 'truncate' | 'references' | 'trigger' | 'execute';
  /** Present for a column grant. */
  readonly column?: string;
}

/** A view; without `securityInvoker` it reads with its owner's rights. */
export interface View {
  readonly name: string;
  readonly schema: string;
  readonly materialized: boolean;
  readonly securityInvoker: boolean;
  readonly owner: string;
  readonly columns: readonly Column[];
  /** Tables and views it reads. */
  readonly reads: readonly string[];
  readonly definition: string;
  readonly grants: readonly Grant[];
  /** What a change of it does instead. */
  readonly triggers?: readonly TableTrigger[];
  readonly rules?: readonly string[];
  readonly notCopied?: NotCopied;
  readonly definedAt?: SourcePlace;
}

/** A function; with `securityDefiner` it runs with its owner's rights. */
export interface DatabaseFunction {
  readonly name: string;
  readonly schema: string;
  readonly signature: string;
  readonly arguments: readonly {
    readonly name: string;
    readonly type: string;
    readonly hasDefault?: true;
    /** It takes any number of values. */
    readonly isVariadic?: true;
    /** Of a composite type that is no table's, or a list of such. */
    readonly fields?: readonly { readonly name: string; readonly type: string }[];
  }[];
  /** `procedure` for one, which has to be called. */
  readonly returns: string;
  readonly returnsSet: boolean;
  readonly language: string;
  readonly securityDefiner: boolean;
  /** It answers null for any null argument; absent where that is not known. */
  readonly strict?: boolean;
  /** From `proconfig`; absent when the caller's path is used. */
  readonly searchPath?: string;
  /** The list of its parameters as `create function` takes it, with their defaults. */
  readonly parameters?: string;
  /** What else stands in `proconfig`: `work_mem=96MB`. */
  readonly settings?: readonly string[];
  readonly owner: string;
  readonly body: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  readonly grants: readonly Grant[];
  readonly notCopied?: NotCopied;
  readonly definedAt?: SourcePlace;
}

/** A role, with what lets it pass row security. */
export interface DatabaseRole {
  readonly name: string;
  readonly superuser: boolean;
  readonly bypassRowSecurity: boolean;
  readonly login: boolean;
  readonly memberOf: readonly string[];
}

/** How the migrations replayed. */
export interface ReplayReport {
  /** Set where the catalog of a live database was copied instead. */
  readonly isCopy?: true;
  readonly files: number;
  readonly statements: number;
  readonly failed: readonly ReplayFailure[];
}

/** A statement that failed in the replay. */
export interface ReplayFailure {
  readonly file: string;
  readonly line: number;
  readonly sqlstate: string;
  readonly message: string;
  /** False when it follows from an earlier failure. */
  readonly firstCause: boolean;
}
