/**
 * A value of a call, by where it stands: `arguments[0]`, `arguments[0].teamId`, `result`, `result.team.id`.
 */
export type ValuePath = `arguments[${number}]${string}` | 'result' | `result.${string}`;

/** A function of the app: the file from the app's root, and the export. A method is `Class.method` or `object.method`. */
export type FunctionName = `${string}#${string}`;

/** What has been established when a guard let its caller go on. */
export interface GuardDeclaration {
  /** Somebody is signed in. The others but `system` imply it. */
  readonly signedIn?: true;
  /** The caller is a member of the tenant with this id. */
  readonly member?: ValuePath;
  /** The caller holds one of these roles: in the tenant that `of` names, or in the app as a whole. */
  readonly role?: readonly string[];
  /** The tenant in which the role is held. */
  readonly of?: ValuePath;
  /** One of your own systems asks: a scheduler's secret or a signature was verified. */
  readonly system?: true;
  /**
   * When the guard let its caller go on: when it `returns` at all (it throws or redirects otherwise), when what it
   * returns is `truthy`, or when a part of it is (`result.ok`). Without it: `returns` for a function that returns
   * nothing, else `truthy`, where a `Response` is a refusal.
   */
  readonly when?: 'returns' | 'truthy' | `result.${string}`;
}

/** What a function says of who is signed in, by the places in its result. A missing session is `null` or `undefined`. */
export interface PrincipalDeclaration {
  /** The user's id. */
  readonly user?: ValuePath;
  /** The id of the tenant in which the user works; of one that the server verified. */
  readonly tenant?: ValuePath;
  readonly email?: ValuePath;
  /** The user's role in the app as a whole. */
  readonly role?: ValuePath;
  /** It throws or redirects when nobody is signed in, so its result is always a session. */
  readonly always?: true;
}

/** What everybody may reach, each with the reason. */
export interface PublicDeclaration {
  /** Entry points as reports name them: `GET /share/[id]`, `page /pricing`, or the route alone. */
  readonly entries?: Readonly<Record<string, string>>;
  /** Tables whose rows belong to no tenant. */
  readonly tables?: Readonly<Record<string, string>>;
}

/** Where the inference of who owns what is to be corrected. SQL names. */
export interface TenancyDeclaration {
  /** The table whose rows are tenants. */
  readonly root?: string;
  /** The table of users. */
  readonly users?: string;
  /**
   * Tables that say which user belongs to which tenant, or the tenants' own where a column of theirs lists the users; all
   * others are no memberships.
   */
  readonly memberships?: readonly string[];
  /**
   * How a row leads to its tenant: the column that holds the tenant's key (`team_id`), or the column that leads to
   * another table's row (`project_id -> projects.id`), and so on from there.
   */
  readonly owners?: Readonly<Record<string, string>>;
  /** Columns that must not reach a browser, beside those that are found by name. */
  readonly secretColumns?: Readonly<Record<string, readonly string[]>>;
  /** Columns that are found by name and may reach a browser. */
  readonly openColumns?: Readonly<Record<string, readonly string[]>>;
}

/** What `drydock.config.ts` exports by default. It is read, never run: everything in it is written out. */
export interface DrydockConfig {
  /** Helpers that authorise, where following them does not tell. */
  readonly guards?: Readonly<Record<FunctionName, GuardDeclaration>>;
  /** Functions that return who is signed in. */
  readonly principals?: Readonly<Record<FunctionName, PrincipalDeclaration>>;
  readonly public?: PublicDeclaration;
  readonly tenancy?: TenancyDeclaration;
  /** Folders in which no entry points are looked for. */
  readonly ignore?: readonly string[];
}

/** Gives `drydock.config.ts` its types. */
export function defineConfig(config: DrydockConfig): DrydockConfig {
  return config;
}
