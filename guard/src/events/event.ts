import { randomBytes } from 'node:crypto';
import { processWide } from '../process-wide.ts';
import { currentRequest, currentScope, tenantOf, userOf } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { idHasher, type IdHash } from './hash.ts';

/** What kind of thing happened; names follow the OWASP logging vocabulary where it has one. */
export type EventType =
  | 'authz_fail'
  | 'authz_admin'
  | 'authn_fail'
  | 'no_scope'
  | 'foreign_row'
  | 'tamper'
  | 'cache_refused'
  | 'input_fail'
  | 'excessive_use'
  | 'frozen'
  | 'freeze_change'
  | 'webhook_fail'
  | 'webhook_duplicate'
  | 'self_test'
  | 'events_dropped';

/** One flat row about one decision. Ids are hashed, and there is no value of a row in it. */
export interface GuardEvent {
  readonly ts: number;
  readonly type: EventType;
  readonly outcome: 'denied' | 'allowed' | 'observed';
  readonly actor?: string;
  readonly actor_kind: 'user' | 'anonymous' | 'job' | 'admin';
  readonly tenant?: string;
  readonly target_tenant?: string;
  readonly route?: string;
  readonly action?: string;
  readonly table?: string;
  readonly operation?: string;
  readonly rows?: number;
  readonly foreign_rows?: number;
  /** A sentence for people. */
  readonly reason: string;
  readonly place?: string;
  readonly status?: number;
  readonly ms?: number;
  readonly request_id?: string;
  readonly ip_hash?: string;
  readonly build_id?: string;
  /** Which part of the events of this type is told, where not all are. */
  readonly sample_rate?: number;
}

/** Where events go. */
export interface EventSink {
  readonly name: string;
  /** Takes a batch, and may be slow or fail: nobody waits for it in a request. A batch that failed comes again. */
  write(events: readonly GuardEvent[]): void | Promise<void>;
  /** Takes what is left when the process ends, without waiting for anything. */
  writeAtExit?(events: readonly GuardEvent[]): void;
  close?(): void | Promise<void>;
}

/** What a caller of `report` knows; the rest is taken from the scope and the request. */
export interface Happening {
  readonly type: EventType;
  readonly outcome: GuardEvent['outcome'];
  readonly reason: string;
  readonly scope?: Scope;
  readonly targetTenant?: string;
  readonly table?: string;
  readonly operation?: string;
  readonly rows?: number;
  readonly foreignRows?: number;
  readonly place?: string;
  readonly status?: number;
  readonly ms?: number;
}

interface Hub {
  take: ((event: GuardEvent) => void) | undefined;
  hash: IdHash;
  buildId: string | undefined;
  /** Which part of a type is told; all of it where nothing is said. */
  sample: Readonly<Partial<Record<EventType, number>>>;
  /** Says otherwise what became of it, where somebody only watches. */
  outcomeOf?: (happening: Happening) => GuardEvent['outcome'];
}

/**
 * The hub of the process; `guardEvents` fills it, and without it events go nowhere. Without a key of the app ids are
 * hashed with one that ends with the process: a bare hash of a small number could be looked up by anyone.
 */
export const hub = processWide<Hub>('events/1', () => ({
  take: undefined,
  hash: idHasher({ key: randomBytes(32).toString('hex') }),
  buildId: undefined,
  sample: {},
}));

/** Tells the sinks what happened. Costs nothing where no sink was set up, waits for nothing, and never throws. */
export function report(happening: Happening): void {
  if (hub.take === undefined) return;
  const rate = hub.sample[happening.type];
  if (rate !== undefined && Math.random() >= rate) return;
  hub.take(toEvent(happening, rate));
}

type Draft = { -readonly [Name in keyof GuardEvent]: GuardEvent[Name] };

function toEvent(happening: Happening, rate: number | undefined): GuardEvent {
  const scope = happening.scope ?? currentScope();
  const { route, action, requestId, address } = currentRequest();
  const user = scope && userOf(scope);
  const tenant = scope && tenantOf(scope);
  const { type, targetTenant, table, operation, rows, foreignRows, place, status, ms } = happening;
  const ts = Date.now();
  const outcome = hub.outcomeOf?.(happening) ?? happening.outcome;
  const event: Draft = { ts, type, outcome, actor_kind: kindOf(scope), reason: short(happening.reason) };
  if (user !== undefined) event.actor = hub.hash(user, ts);
  if (tenant !== undefined) event.tenant = hub.hash(tenant, ts);
  if (targetTenant !== undefined) event.target_tenant = hub.hash(targetTenant, ts);
  if (route !== undefined) event.route = short(route);
  if (action !== undefined) event.action = short(action);
  if (table !== undefined) event.table = short(table);
  if (operation !== undefined) event.operation = short(operation);
  if (rows !== undefined) event.rows = rows;
  if (foreignRows !== undefined) event.foreign_rows = foreignRows;
  if (place !== undefined) event.place = short(place);
  if (status !== undefined) event.status = status;
  if (ms !== undefined) event.ms = ms;
  if (requestId !== undefined) event.request_id = short(requestId);
  if (address !== undefined) event.ip_hash = hub.hash(address, ts);
  if (hub.buildId !== undefined) event.build_id = hub.buildId;
  if (rate !== undefined) event.sample_rate = rate;
  return event;
}

function kindOf(scope: Scope | undefined): GuardEvent['actor_kind'] {
  if (scope === undefined) return 'anonymous';
  if (scope.mode === 'system') return 'job';
  return scope.mode === 'admin' ? 'admin' : 'user';
}

/**
 * Request ids and routes may come from the caller: no line breaks, nothing that Postgres refuses (NUL), nothing that turns the
 * direction of what is read, no novels.
 */
function short(text: string): string {
  return String(text).slice(0, 200).replaceAll(unprintable, '\ufffd');
}

const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
