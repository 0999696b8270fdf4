/** What `guardSql` must know of the app's tables. */
export interface SqlOptions {
  /** Every table that the app reads or writes. What is not listed stays closed to the app's role. */
  readonly tables: readonly TableRule[];
  /** Who belongs to which tenant: the same as `guardPool` is given. Listed here, it is not listed in `tables`. */
  readonly membership: MembershipTable;
  /** The types of the columns that keep a tenant's and a user's id; `uuid` where nothing is said. */
  readonly types?: { readonly tenant?: string; readonly user?: string };
  /** The settings that `guardPool` fills: `app.tenant_id` and `app.user_id` where nothing is said. */
  readonly settings?: { readonly tenant?: string; readonly user?: string };
  readonly roles?: RoleNames;
  /**
   * How the admin role and the auth library's role pass: by the attribute BYPASSRLS, or, on platforms where only a superuser may give it, by a
   * policy on each table. `bypass` where nothing is said, `policies` for Supabase.
   */
  readonly admin?: 'bypass' | 'policies';
  /** Views that the app reads: they get `security_invoker`, so that policies hold through them (Postgres 15 and later). */
  readonly views?: readonly string[];
  /** Functions that ran with their owner's rights and shall run with the caller's, as `history(uuid)`. */
  readonly functions?: readonly string[];
  readonly tool?: Tool;
}

/** Whose migrations these are: it decides on the files, and on whether a statement can run outside of a transaction. */
export type Tool = 'drizzle' | 'prisma' | 'supabase' | 'plain';

/** The roles that are made. */
export interface RoleNames {
  /** The app's own: owns nothing, and no policy lets it through. `app` where nothing is said. */
  readonly app?: string;
  /** For `asAdmin`. `app_admin` where nothing is said. */
  readonly admin?: string;
  /** For the auth library's own pool; made where a table says `auth`. `app_auth` where nothing is said. */
  readonly auth?: string;
  /** The owner of all tables, without a login. Made, and the tables given to it, only where it is named. */
  readonly owner?: string;
  /** Runs migrations as the owner. Made only where it and `owner` are named. */
  readonly migrator?: string;
}

/** Where the app keeps who belongs to which tenant. */
export interface MembershipTable {
  readonly table: string;
  readonly user: string;
  readonly tenant: string;
  /** A further condition in SQL on the row, called `m`: `m.status = 'active'`. Written by the developer. */
  readonly where?: string;
  /** What the app's role may do with rows of its tenant; everything where nothing is said, `['select']` if a library does it. */
  readonly commands?: readonly Command[];
  /** Whether it has indexes for one user and for one tenant. */
  readonly indexed?: boolean;
  readonly auth?: boolean;
  readonly rowSecurity?: RowSecurity;
}

/** What the app's role may do with a table. */
export type Command = 'select' | 'insert' | 'update' | 'delete';

/** What a table's row security was before, so that the way back leads there. */
export type RowSecurity = 'off' | 'on' | 'forced';

/** Whose the rows of a table are. */
export type TableRule = (
  | { readonly kind: 'tenant'; readonly column: string }
  | { readonly kind: 'child'; readonly column: string; readonly parent: string; readonly key?: string }
  | { readonly kind: 'user'; readonly column: string; readonly readableBy?: 'user' | 'tenant' }
  | { readonly kind: 'tenants'; readonly key?: string }
  | { readonly kind: 'users'; readonly key?: string }
  | { readonly kind: 'reference' }
  | { readonly kind: 'auth' }
) & {
  readonly table: string;
  /** What the app's role may do; each kind has a default. */
  readonly commands?: readonly Command[];
  /** Whether an index that begins with the column is there already. */
  readonly indexed?: boolean;
  /** Whether the auth library works with the table too. */
  readonly auth?: boolean;
  readonly rowSecurity?: RowSecurity;
};

/** All choices made. */
export interface Settled extends SqlOptions {
  readonly tenant: { readonly setting: string; readonly type: string };
  readonly user: { readonly setting: string; readonly type: string };
  readonly roles: Required<Pick<RoleNames, 'app' | 'admin' | 'auth'>> & Pick<RoleNames, 'owner' | 'migrator'>;
  readonly admin: 'bypass' | 'policies';
  readonly tool: Tool;
}

/** Fills in what was not said, and refuses what cannot be written as SQL. */
export function settled(options: SqlOptions): Settled {
  const tool = options.tool ?? 'plain';
  const settings = { tenant: 'app.tenant_id', user: 'app.user_id', ...options.settings };
  const types = { tenant: 'uuid', user: 'uuid', ...options.types };
  for (const setting of Object.values(settings)) require(setting, settingName, 'no name of a setting');
  for (const type of Object.values(types)) require(type, typeName, 'no name of a type');
  for (const name of options.functions ?? []) require(name, signature, 'no signature of a function');
  const names = [options.membership.table, ...options.tables.map(rule => rule.table)];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TypeError(`The table '${twice}' is listed twice.`);
  return {
    ...options,
    tool,
    admin: options.admin ?? (tool === 'supabase' ? 'policies' : 'bypass'),
    tenant: { setting: settings.tenant, type: types.tenant },
    user: { setting: settings.user, type: types.user },
    roles: { app: 'app', admin: 'app_admin', auth: 'app_auth', ...options.roles },
  };
}

const settingName = /^[a-z_][a-z0-9_$]*\.[a-z_][a-z0-9_$]*$/i;
const typeName = /^[a-z_][a-z0-9_]*(?: [a-z]+)*(?:\(\d+\))?$/i;
const signature = /^[\w."]+\([\w\s.,"[\]()]*\)$/;

function require(text: string, form: RegExp, fault: string): void {
  if (!form.test(text)) throw new TypeError(`'${text}' is ${fault}.`);
}
