import type { Actor, CellCommand, HelperFault } from './cell.ts';

/** A table as a report shows it: what decides who reaches its rows, as plain data. */
export interface TableRules {
  /** SQL name: `schema.table`, or `table` for `public`. */
  readonly table: string;
  readonly rowSecurity: boolean;
  /** Whether its policies hold for its owner too. */
  readonly forced: boolean;
  readonly policies: readonly PolicyText[];
  /** The privileges of each role that row security binds. */
  readonly grants: readonly { readonly role: string; readonly privileges: readonly string[] }[];
  readonly file?: string;
  readonly line?: number;
}

/** A policy as Postgres prints it, and where the migration made it. */
export interface PolicyText {
  readonly name: string;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  readonly permissive: boolean;
  readonly roles: readonly string[];
  readonly using?: string;
  readonly check?: string;
  readonly file?: string;
  readonly line?: number;
}

/**
 * Whether a policy lets rows through for a command of one of the roles: permissive, for it, and for them or for everybody.
 * `all` means the commands on rows; nobody's policies are asked about TRUNCATE and EXECUTE.
 */
export function opensFor(
  { permissive, command, roles }: Pick<PolicyText, 'permissive' | 'command' | 'roles'>,
  wanted: CellCommand,
  asked: readonly string[],
): boolean {
  return (
    permissive &&
    (command === wanted || (command === 'all' && rowCommands.has(wanted))) &&
    (roles.includes('public') || roles.some(role => asked.includes(role)))
  );
}

const rowCommands: ReadonlySet<CellCommand> = new Set(['select', 'insert', 'update', 'delete']);

/** What the guardrail asked of tables that hold a tenant's or a user's rows, and what is missing. */
export interface Gate {
  /** `policies`: the database isolates; `app`: no role and no policy does, so only the app's queries can. */
  readonly expects: 'policies' | 'app';
  /** What is asked, one sentence. */
  readonly because: string;
  /** How many tables were looked at. */
  readonly tables: number;
  /** The commit that it is compared with; absent for the whole schema. */
  readonly since?: string;
  readonly faults: readonly GateFault[];
}

/** One thing that a table lacks, and the statements that would add it. */
export interface GateFault {
  readonly table: string;
  readonly kind: 'row-security' | 'forced-row-security' | 'policy' | 'grant' | 'index' | 'foreign-key';
  /** The fact, one sentence. */
  readonly message: string;
  readonly sql: string;
  readonly file: string;
  readonly line: number;
}

/** One difference between two states of a database, in words. */
export interface Change {
  /** `worse`: somebody reaches more of others' rows, or its owners less; `changed`: neither is shown. */
  readonly direction: 'worse' | 'changed' | 'better';
  readonly kind: 'cell' | 'access' | 'table' | 'row-security' | 'policy' | 'grant' | 'view' | 'function' | 'bucket';
  /** SQL name of the table, view or function; `bucket 'x'` for files. */
  readonly object: string;
  readonly role?: string;
  readonly actors?: readonly Actor[];
  readonly commands?: readonly CellCommand[];
  readonly before?: string;
  readonly after?: string;
  /** The difference in one sentence without a full stop. */
  readonly words: string;
  readonly file?: string;
  readonly line?: number;
}

/** The matrix of a commit against that of the working tree. */
export interface RulesDiff {
  readonly since: string;
  /** Worse first. */
  readonly changes: readonly Change[];
}

/** How long the list of one tenant takes under the policies of a table, on made-up rows of many tenants. */
export interface PolicySpeed {
  readonly table: string;
  readonly role: string;
  /** Rows of all tenants together. */
  readonly rows: number;
  readonly tenants: number;
  /** Rows that the policies let through. */
  readonly visible: number;
  readonly asWritten: MeasuredPlan;
  /** Absent where nothing that is known makes it faster. */
  readonly faster?: FasterForm;
}

/** The part of a plan in which the time goes, and how long the whole takes. */
export interface MeasuredPlan {
  readonly plan: string;
  /** Absent where it did not end within the limit. */
  readonly elapsedMs?: number;
}

/** What shows the same rows sooner. */
export interface FasterForm extends MeasuredPlan {
  readonly statements: readonly string[];
  /** `proved`: by the solver, for all rows; `tested`: on rows that were made; `unchanged`: no condition was written anew. */
  readonly equivalence: 'proved' | 'tested' | 'unchanged';
  /** How that is known, one sentence. */
  readonly because: string;
}

/** A function that is at fault for leaks of whatever asks it; findings that rest on it name it as `causedBy`. */
export interface RulesCause extends HelperFault {
  /** How many tables and buckets, and how many of their cells, its repair alone would close. */
  readonly objects: number;
  readonly cells: number;
  readonly file?: string;
  readonly line?: number;
}
