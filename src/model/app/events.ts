import type { EntryPoint } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import type { RowVariable, Term } from '../../core/predicate.ts';
import type { Gap } from '../../core/gap.ts';
import type { Fact, Observation, QueryPath } from './types.ts';
import type { Value } from './value.ts';

/**
 * What the interpreter met on the way besides queries, in the order of execution, once per entry point and distinct
 * context. Neutral: observers (`observe/`) turn events into `Observation`s.
 */
export type AppEvent =
  | CallEvent
  /** The entry point's answer: a route handler's response, a page's element, an action's result. */
  | (EventBase & { readonly kind: 'return'; readonly value: Value })
  /** Props that a server component hands to a component of a 'use client' file. */
  | (EventBase & {
      readonly kind: 'client-props';
      readonly component: string;
      readonly componentFile: string;
      readonly props: Value;
    })
  | ExitEvent
  | CachedEvent
  | ModuleMapEvent
  | GivenEvent
  | SettingEvent
  /** A query ran; `pathId` finds it in the model's `queries`. Marks the order among other events. */
  | (EventBase & { readonly kind: 'query'; readonly pathId: string; readonly row: string });

/** What every event carries. */
export interface EventBase {
  readonly entryPoint: EntryPoint;
  readonly place: Place;
  /** What holds whenever this happens (also weak facts: look at `weakness`). */
  readonly facts: readonly Fact[];
  /** Names of the cached computations it runs inside, outermost first (`CachedEvent.id`). */
  readonly inside: readonly string[];
}

/** A call of something a library or the platform offers. */
export interface CallEvent extends EventBase {
  readonly kind: 'call';
  /** The package of the callee (`stripe`, `next/cache`); absent for globals. */
  readonly library: string | undefined;
  /**
   * `stripe.checkout.sessions.create`, `stripe.webhooks.constructEvent`, `unstable_cache`, `Response.json`, `NextResponse.json`,
   * `new Response`, `notFound`, `redirect`, `fetch`, `JSON.parse`, `headers.set`, `revalidateTag`. Instances and default imports
   * go by the package's name, named imports by their own.
   */
  readonly callee: string;
  readonly arguments: readonly Value[];
  /** What functions among the arguments captured, and what they answer; absent where that is not known. */
  readonly carried?: readonly Value[];
}

/** The path leaves here: the answer differs by what a look-up found. */
export interface ExitEvent extends EventBase {
  readonly kind: 'exit';
  readonly how: 'not-found' | 'forbidden' | 'unauthorized' | 'redirect' | 'throw' | 'response' | 'return';
  /** HTTP status, where it follows from the code. */
  readonly status: number | undefined;
  /** Message of the answer or error, where it is constant. */
  readonly message: string | undefined;
  /**
   * What the innermost conditions on the way here say: facts that hold because a branch was taken, newest last. An absent row is
   * `condition: not exists(row)`; a row of somebody else is `condition: row.column <> …` after `row`.
   */
  readonly because: readonly Fact[];
}

/** A computation whose result is kept across requests (and so across principals). */
export interface CachedEvent extends EventBase {
  readonly kind: 'cached';
  /** Stable name of this computation: file#name. */
  readonly id: string;
  readonly mechanism: 'unstable_cache' | 'use-cache' | 'react-cache' | 'fetch';
  readonly name: string;
  /** Arguments of the call, then constant key parts; all are in the key. */
  readonly arguments: readonly Value[];
  readonly keyParts: readonly Value[];
  /** Values the body captured from the enclosing function, by name. For `use-cache` Next.js adds them to the key; for `unstable_cache` not. */
  readonly captured: readonly { readonly name: string; readonly value: Value }[];
  /** Ids of the query paths that ran inside, and every term that their conditions and settings use. */
  readonly queries: readonly string[];
  readonly dependsOn: readonly Term[];
  /** The computation asks for the session itself (cookies, headers, getSession) inside. */
  readonly result: Value;
}

/** A part of a query that is what the caller sent: an object used as it came, or text inside a statement in SQL. */
export interface GivenEvent extends EventBase {
  readonly kind: 'given';
  readonly part: 'where' | 'data' | 'orderBy' | 'select' | 'sql';
  readonly table: string | undefined;
  readonly term: Term;
}

/** A setting of the database session that outlives the transaction: `set_config(name, value, false)`, `set name = value`. */
export interface SettingEvent extends EventBase {
  readonly kind: 'session-setting';
  readonly name: string;
  readonly value: Term;
}

/** A read or write of a `Map`, object or variable that lives as long as the process. */
export interface ModuleMapEvent extends EventBase {
  readonly kind: 'module-map';
  readonly access: 'get' | 'set' | 'has' | 'delete';
  /** The variable, and where it is declared. */
  readonly name: string;
  readonly declaredAt: Place;
  readonly key: Value;
  /** For `set`. */
  readonly value: Value | undefined;
}

/** What one source file says by itself, for observers that look at modules. */
export interface ModuleInfo {
  readonly file: string;
  readonly directive: 'use client' | 'use server' | 'use cache' | undefined;
  /** Value imports and re-exports that resolved to a file of the app. */
  readonly imports: readonly { readonly file: string; readonly names: readonly string[]; readonly line: number }[];
  /** Imports of packages (`server-only`, `stripe`). */
  readonly packages: readonly { readonly name: string; readonly line: number }[];
  /** `process.env.X` read in the file. */
  readonly environment: readonly { readonly name: string; readonly line: number; readonly endLine?: number }[];
  /** Exported constants that Next.js reads: `dynamic`, `revalidate`, `runtime`, `fetchCache`, `dynamicParams`. */
  readonly settings: readonly {
    readonly name: string;
    readonly value: string | number | boolean;
    readonly line: number;
  }[];
  /** String literals that look like credentials: `sk_live_…`, `whsec_…`, JWTs, `postgres://user:password@…`. */
  readonly literals: readonly { readonly text: string; readonly line: number }[];
  /** Functions in it that carry the directive 'use cache'. */
  readonly cachedFunctions: readonly { readonly name: string; readonly line: number }[];
}

/** `env: { NAME: process.env.OTHER }` of next.config: inlined into every bundle. */
export interface InlinedEnvironment {
  readonly name: string;
  readonly from: string | undefined;
  readonly place: Place;
}

/** What observers are given. */
export interface ObserveInput {
  readonly entryPoints: readonly EntryPoint[];
  readonly queries: readonly QueryPath[];
  readonly events: readonly AppEvent[];
  readonly modules: readonly ModuleInfo[];
  readonly inlinedEnvironment: readonly InlinedEnvironment[];
  /** Row variables of all queries by name: which table a column term's row belongs to. */
  readonly rows: ReadonlyMap<string, RowVariable>;
}

/** What `observe/index.ts` exports as `observe`: pure. */
export type Observe = (input: ObserveInput) => {
  readonly observations: readonly Observation[];
  readonly gaps: readonly Gap[];
};
