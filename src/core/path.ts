import type { Place } from './place.ts';
import type { Reason, Verdict } from './verdict.ts';

/** How a request enters. */
export type EntryPointKind =
  | 'route-handler'
  | 'page'
  | 'layout'
  | 'metadata'
  | 'static-params'
  | 'server-action'
  | 'api-route'
  | 'webhook'
  | 'cron'
  | 'tool'
  /** Called by its name over one address: tRPC, oRPC. */
  | 'procedure'
  /** Run later, by a queue or an event of the app's own. */
  | 'job'
  | 'proxy';

/** Where a request enters the app. */
export interface EntryPoint {
  readonly kind: EntryPointKind;
  /** As the browser calls it: `GET /api/orders/[id]`, `page /orders/[id]`, `action app/actions.ts#save`. */
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly symbol: string;
  /** The URL pattern, where it has one (`/api/orders/[id]`). */
  readonly route?: string;
  readonly method?: string;
  /** A server action that only the server calls: its id is in no bundle, so that no browser can call it yet. */
  readonly unsent?: true;
}

/** Who is asking on a path, as far as the code on it established. */
export type Principal = 'anonymous' | 'member' | 'admin' | 'system';

/** What a step does on the way from browser to row. */
export type StepRole = 'source' | 'propagation' | 'guard' | 'sink';

/** One step of a path. */
export interface Step extends Place {
  readonly role: StepRole;
  /** What happens here, in words, with the code where it helps. */
  readonly label: string;
  /** Trimmed source text of the line. */
  readonly code?: string;
}

/** What a query does to rows. */
export type Operation = 'read' | 'insert' | 'update' | 'delete';

/** The role under which a query reaches the database. */
export type ClientRole = 'owner' | 'anon' | 'authenticated' | 'service' | 'guarded' | 'unknown';

/** Where a path reaches rows. */
export interface Sink extends Place {
  readonly table: string;
  readonly operation: Operation;
  /** `drizzle`, `supabase`, `pg`, `prisma`, `storage`, … */
  readonly client: string;
  readonly role: ClientRole;
}

/** One judged way from an entry point to rows. */
export interface Path {
  readonly id: string;
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly principal: Principal;
  readonly entryPoint: EntryPoint;
  readonly sink: Sink;
  readonly steps: readonly Step[];
  /** The query as SQL with values by provenance: `select * from invoices where id = ‹params.id›`. */
  readonly sql: string;
  /** The part of `sql` that is not tied to the caller, for underlining; absent when isolated. */
  readonly unbound?: string;
  /** One sentence each: why a guard nearby does not help, or what the verdict rests on. */
  readonly notes: readonly string[];
}
