import type { ClientRole, EntryPoint, Operation, Principal, Step } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import type { Gap } from '../../core/gap.ts';

/** Plain data: every way from an entry point to rows, before it is judged. */
export interface AppModel {
  readonly framework: AppFramework;
  readonly entryPoints: readonly EntryPoint[];
  readonly queries: readonly QueryPath[];
  /** What else the checks need, each with its place; see the kinds. */
  readonly observations: readonly Observation[];
  /** Names of declared functions that were called, and of those whose result does not tell when they refuse. */
  readonly declared?: { readonly used: readonly string[]; readonly unclear: readonly string[] };
  readonly gaps: readonly Gap[];
  readonly files: number;
  /**
   * Calls that look like a query in the loaded files, and those of them that some path reached. Calls in functions that
   * nothing names stand apart.
   */
  readonly querySites: { readonly reached: number; readonly textual: number; readonly unused: number };
}

/** What the app is built with, for the first line of every report. */
export interface AppFramework {
  readonly next: string | undefined;
  readonly orm: readonly string[];
  readonly auth: readonly string[];
  readonly stripe: boolean;
  readonly migrationsFolder: string | undefined;
}

/** One query as one entry point reaches it. */
export interface QueryPath {
  readonly id: string;
  readonly entryPoint: EntryPoint;
  readonly principal: Principal;
  readonly query: Query;
  readonly client: DatabaseClient;
  /** What holds whenever the query runs. */
  readonly facts: readonly Fact[];
  /** What holds whenever a row that the query returned is used afterwards (a comparison that leaves otherwise). */
  readonly factsAfter: readonly Fact[];
  /** What holds in each way in which the row is used, where that differs and more is known than what they share. */
  readonly waysAfter?: readonly (readonly Fact[])[];
  readonly steps: readonly Step[];
  /** The row, or part of it, may reach the caller; false only when all it does is choose later queries. */
  readonly escapes: boolean;
  /** Joined rows, by name, of which nothing reaches the caller, whatever leaves of the query's own row. */
  readonly keptInside?: readonly string[];
  /** The row's existence decides an answer that differs from the answer for a foreign row. */
  readonly place: Place;
}

/** A query in one shape for all clients. Tables and columns by SQL name. */
export interface Query {
  readonly table: string;
  readonly operation: Operation;
  /** The condition on the row; `self` is the row. */
  readonly where: Predicate;
  /** Assigned columns of an insert or update. */
  readonly values: readonly { readonly column: string; readonly value: Term }[];
  /** True when the caller chooses which columns are assigned (an object from the client is spread or passed whole). */
  readonly valuesOpen: boolean;
  /** Columns read back; `undefined` means all. */
  readonly columns: readonly string[] | undefined;
  /** Other rows joined or included, each judged as a read of its own unless its condition ties it to `self`. */
  readonly joined: readonly RowVariable[];
  /** A database function that is called instead of a table (`rpc`). */
  readonly calls?: {
    readonly function: string;
    readonly arguments: readonly { readonly name: string; readonly value: Term }[];
  };
  /** It asks for whichever row comes first, not for all. */
  readonly first?: true;
  /** Columns that get a value which nobody can guess; `told` when the caller sees it in the answer. */
  readonly issued?: readonly { readonly column: string; readonly told: boolean }[];
  /** The same request writes new codes into the table whose rows this one deletes. */
  readonly replaced?: boolean;
  /** A service that is asked instead of the database; `table` names what it keeps, `where` what chooses. */
  readonly service?: {
    readonly name: string;
    /** Rows of earlier queries whose columns choose. */
    readonly sources: readonly RowVariable[];
  };
}

/** The credential with which a query reaches the database. */
export interface DatabaseClient {
  readonly kind: string;
  readonly role: ClientRole;
  /** The SQL role it runs under, when known (`set local role x`, Supabase's `authenticated`). Absent: the connection's own, the owner. */
  readonly sqlRole?: string;
  /** Settings made for the transaction, with the value's provenance (`app.tenant_id` → session). */
  readonly settings: readonly { readonly name: string; readonly value: Term }[];
  readonly place: Place;
}

/** Something that guards on the path established. */
export interface Fact {
  readonly holds:
    /** This row exists (a look-up that leaves when nothing was found). */
    | {
        readonly kind: 'row';
        readonly row: RowVariable;
        /** The client that found it: its policies hold of the row as well. */
        readonly client?: DatabaseClient;
      }
    | { readonly kind: 'condition'; readonly condition: Predicate }
    /** A library verified that the principal is a member of this tenant. */
    | { readonly kind: 'member'; readonly tenant: Term }
    /** The principal was found to hold one of these roles in `tenant` (or in the app when absent). */
    | { readonly kind: 'role'; readonly roles: readonly string[]; readonly tenant?: Term }
    /** Somebody is signed in. */
    | { readonly kind: 'signed-in' }
    /** A signature, cron secret or the like was verified. */
    | { readonly kind: 'system' };
  readonly place: Place;
  readonly label: string;
  /** Established for every element of a list, known by one of these keys: holds only where there is an element. */
  readonly each?: readonly string[];
  /** Present when the guard does not really stop the path; such a fact explains, and proves nothing. */
  readonly weakness?: 'fail-open' | 'not-awaited' | 'result-dropped' | 'layout-only' | 'unfollowed';
}

/** Things beside queries that a check judges. Each kind is produced once, by the stage that understands it. */
export type Observation =
  /** A cached computation, with what its body depends on and what its key holds. */
  | {
      readonly kind: 'cache';
      readonly place: Place;
      readonly mechanism: 'unstable_cache' | 'use-cache' | 'module-map' | 'fetch';
      readonly name: string;
      /** Terms the cached body depends on that identify a principal or tenant. */
      readonly dependsOn: readonly Term[];
      /** Terms in the key (arguments and key parts). */
      readonly keyed: readonly Term[];
      readonly tables: readonly string[];
      /** For each query of the cached body, the columns that its filter fixes by terms of the key. */
      readonly fixed: readonly { readonly table: string; readonly columns: readonly string[] }[];
      readonly entryPoints: readonly string[];
    }
  | {
      readonly kind: 'cache-control';
      readonly place: Place;
      readonly value: string;
      readonly entryPoint: string;
      readonly personal: boolean;
      readonly tables: readonly string[];
    }
  /** A page or route rendered at build time or kept by ISR that reads tenant-owned rows. */
  | {
      readonly kind: 'static-rendering';
      readonly place: Place;
      readonly how: string;
      readonly entryPoint: string;
      readonly tables: readonly string[];
    }
  /** A secret that a module in the browser's graph reads. */
  | {
      readonly kind: 'client-secret';
      readonly place: Place;
      readonly secret: string;
      readonly how: string;
      readonly chain: readonly Place[];
    }
  | {
      readonly kind: 'webhook';
      readonly place: Place;
      readonly entryPoint: string;
      readonly provider: string;
      readonly verified: boolean;
      /** The event id is recorded uniquely before or with the effect. */
      readonly idempotent: boolean;
      /** It changes rows at all. */
      readonly writes: boolean;
      /** How it found the tenant's row. */
      readonly tenantBy: readonly {
        readonly by: 'customer' | 'email' | 'metadata' | 'other';
        readonly place: Place;
        readonly table: string;
      }[];
    }
  /** A part of a query, or of a statement in SQL, that is what the caller sent. */
  | {
      readonly kind: 'given-part';
      readonly place: Place;
      readonly part: 'where' | 'data' | 'orderBy' | 'select' | 'sql';
      readonly table: string | undefined;
      readonly value: Term;
      readonly entryPoint: string;
    }
  /** A setting that stays on the connection when the request has ended. */
  | {
      readonly kind: 'session-setting';
      readonly place: Place;
      readonly name: string;
      readonly value: Term;
      readonly entryPoint: string;
    }
  /** A module in the browser's graph imports a driver of the database. */
  | {
      readonly kind: 'client-driver';
      readonly place: Place;
      readonly driver: string;
      readonly chain: readonly Place[];
    }
  /** A call to a service that acts for a customer chosen by the caller. */
  | {
      readonly kind: 'service-call';
      readonly place: Place;
      readonly service: string;
      readonly method: string;
      readonly argument: string;
      readonly value: Term;
      readonly trusted: boolean;
      readonly entryPoint: string;
    }
  /** Two different answers after one look-up: not there, and there but not yours. */
  | {
      readonly kind: 'existence-oracle';
      readonly place: Place;
      readonly entryPoint: string;
      readonly table: string;
      readonly absent: string;
      readonly foreign: string;
    }
  /** Columns of a row that reach the caller. */
  | {
      readonly kind: 'output';
      readonly place: Place;
      readonly entryPoint: string;
      readonly table: string;
      readonly columns: readonly string[] | undefined;
      readonly to: 'answer' | 'client-component' | 'action-result';
    }
  /** An entry point that reaches tenant data or administration, with the guards that it has. */
  | {
      readonly kind: 'entry-guards';
      readonly place: Place;
      readonly entryPoint: string;
      readonly signedIn: boolean;
      readonly roles: readonly string[];
      readonly system: boolean;
    };
