import { createHash, createHmac } from 'node:crypto';
import { processWide } from '../process-wide.ts';
import { currentRequest, currentScope, tenantOf, userOf } from '../scope.ts';
import type { Scope } from '../scope.ts';

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
  | 'self_test';

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
  readonly reason: string;
  readonly place?: string;
  readonly status?: number;
  readonly ms?: number;
  readonly request_id?: string;
  readonly ip_hash?: string;
  readonly build_id?: string;
}

/** Where events go. `write` takes a batch and may be slow or fail: the hub never waits for it in a request. */
export interface EventSink {
  readonly name: string;
  write(events: readonly GuardEvent[]): void | Promise<void>;
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
  hashKey: string | undefined;
  buildId: string | undefined;
}

/** The hub of the process; `guardEvents` fills it, and without it events go nowhere. */
export const hub = processWide<Hub>('events/1', () => ({ take: undefined, hashKey: undefined, buildId: undefined }));

/** Tells the sinks what happened. Costs nothing where no sink was set up, and never throws. */
export function report(happening: Happening): void {
  if (hub.take === undefined) return;
  hub.take(toEvent(happening));
}

function toEvent(happening: Happening): GuardEvent {
  const scope = happening.scope ?? currentScope();
  const request = currentRequest();
  const optional = {
    actor: hashed(scope && userOf(scope)),
    tenant: hashed(scope && tenantOf(scope)),
    target_tenant: hashed(happening.targetTenant),
    route: request.route,
    action: request.action,
    table: happening.table,
    operation: happening.operation,
    rows: happening.rows,
    foreign_rows: happening.foreignRows,
    place: happening.place,
    status: happening.status,
    ms: happening.ms,
    request_id: request.requestId,
    ip_hash: hashed(request.address),
    build_id: hub.buildId,
  };
  return {
    ts: Date.now(),
    type: happening.type,
    outcome: happening.outcome,
    actor_kind: kindOf(scope),
    reason: happening.reason,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

function kindOf(scope: Scope | undefined): GuardEvent['actor_kind'] {
  if (scope === undefined) return 'anonymous';
  if (scope.mode === 'system') return 'job';
  return scope.mode === 'admin' ? 'admin' : 'user';
}

/** Ids are told as hashes, with a key where one was given: the same id is the same hash, and nobody reads it back. */
function hashed(id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const hash = hub.hashKey === undefined ? createHash('sha256') : createHmac('sha256', hub.hashKey);
  return hash.update(id).digest('base64url').slice(0, 16);
}
