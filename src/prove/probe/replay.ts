import type { AttackReplay } from '../../core/result.ts';
import type { SeededRow, Seed, TenantKey } from '../exploit/seed-types.ts';
import type { PrincipalName } from './principals.ts';

/** A value by role instead of by content, so that a replay survives another seed and another build. */
export interface Ref {
  /** `B.orders.0.id`, `A.tenant`, `B.users.0.email`, `missing.orders.id`, `environment.CRON_SECRET`. */
  readonly ref: string;
}

/** A value of a replay: JSON with references. `{ form: {…} }` is a FormData argument of an action. */
export type ReplayValue =
  | string
  | number
  | boolean
  | null
  | Ref
  | readonly ReplayValue[]
  | { readonly [key: string]: ReplayValue };

/** A plain HTTP request. */
export interface HttpStep {
  readonly kind: 'http';
  readonly as: PrincipalName;
  readonly method: string;
  /** URL pattern; `params` fill its brackets. */
  readonly pattern: string;
  readonly params: Readonly<Record<string, ReplayValue>>;
  readonly query: Readonly<Record<string, ReplayValue>>;
  readonly headers: Readonly<Record<string, ReplayValue>>;
  readonly body?: { readonly type: 'json' | 'form' | 'multipart' | 'text'; readonly value: ReplayValue };
  /** Ask for the flight payload of the page alone, as the router does on a navigation below the page's layouts. */
  readonly navigation?: boolean;
}

/** A call of a server action as the browser makes it, named by file and export because ids change per build. */
export interface ActionStep {
  readonly kind: 'action';
  readonly as: PrincipalName;
  readonly action: string;
  readonly arguments: readonly ReplayValue[];
}

/** A form of a page, posted as a browser without JavaScript posts it: hidden inputs are copied, `fields` override. */
export interface FormStep {
  readonly kind: 'form';
  readonly as: PrincipalName;
  /** Who loads the page that shows the form; its hidden inputs are the same for everybody. */
  readonly pageAs: PrincipalName;
  readonly action: string;
  readonly pattern: string;
  readonly params: Readonly<Record<string, ReplayValue>>;
  readonly fields: Readonly<Record<string, ReplayValue>>;
}

/** An event as Stripe would deliver it. */
export interface WebhookStep {
  readonly kind: 'webhook';
  readonly as: 'anonymous';
  readonly pattern: string;
  readonly event: ReplayValue;
  readonly signature: 'valid' | 'none' | 'wrong';
}

/** One request of a replay. */
export type ReplayStep = HttpStep | ActionStep | FormStep | WebhookStep;

/** What must not happen. */
export type Expectation =
  /** Nothing of another tenant in the last answer, in the database, or in an outgoing call. */
  | { readonly kind: 'isolated' }
  /** The last answer equals the answer to the one before it, which asks for a row that does not exist. */
  | { readonly kind: 'same-as-missing' }
  /** The answer holds nothing of the principal's own rows either (wrong role, or not signed in). */
  | { readonly kind: 'denied' }
  /** The answer holds no secret column of the principal's own tenant. */
  | { readonly kind: 'no-secret' }
  /** A shared cache may not keep the answer while it is personal. */
  | { readonly kind: 'not-shared' }
  /** No row changes at all. */
  | { readonly kind: 'unchanged' }
  /** The second delivery changes nothing. */
  | { readonly kind: 'once' }
  /** Changing only other tenants' rows does not change the answer. */
  | { readonly kind: 'independent' }
  /** No script that browsers load holds this variable's value; nothing is sent. */
  | { readonly kind: 'bundle'; readonly variable: string };

/** A value that rows must hold for the request to matter (`status = 'open'`), written before it is sent. */
export interface Preparation {
  readonly table: string;
  readonly column: string;
  /** `null` for NULL; otherwise text that Postgres reads as the column's type. */
  readonly value: string | null;
}

/** Everything needed to repeat an attack on another build. */
export interface Replay extends AttackReplay {
  readonly prepare?: readonly Preparation[];
  /** Tables that the entry point is about: of several rows that show a leak, theirs are named. */
  readonly tables?: readonly string[];
  readonly steps: readonly ReplayStep[];
  readonly expect: Expectation;
}

/** Reads a replay back from a result that was stored as JSON. */
export function asReplay(replay: AttackReplay): Replay | undefined {
  return Array.isArray(replay['steps']) && typeof replay['expect'] === 'object' ? (replay as Replay) : undefined;
}

/** What references are resolved against. */
export interface RefWorld {
  readonly seed: Seed;
  readonly environment: Readonly<Record<string, string>>;
  readonly credentials: Readonly<Record<string, string>>;
}

/** A value with every reference replaced; `undefined` when one of them names nothing. */
export function resolveValue(value: ReplayValue, world: RefWorld): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map(item => resolveValue(item, world));
  if (isRef(value)) return resolveRef(value.ref, world);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const resolved = resolveValue(item, world);
      return resolved === undefined ? [] : [[key, resolved]];
    }),
  );
}

/** True for `{ ref: … }`. */
export function isRef(value: ReplayValue): value is Ref {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === 1 &&
    'ref' in value &&
    typeof value.ref === 'string'
  );
}

function isList(value: ReplayValue): value is readonly ReplayValue[] {
  return Array.isArray(value);
}

/** The value that a reference names in this world. */
export function resolveRef(ref: string, world: RefWorld): string | undefined {
  const [head = '', ...rest] = ref.split('.');
  if (head === 'environment') return world.environment[rest.join('.')];
  if (head === 'credential') return world.credentials[rest.join('.')];
  if (head === 'missing') return missingLike(sampleOf(rest, world.seed));
  const tenant = world.seed.tenants[head as TenantKey];
  if (tenant === undefined) return undefined;
  if (rest[0] === 'tenant') return tenant.tenantId;
  if (rest[0] === 'users') {
    const user = tenant.users[Number(rest[1])];
    return user === undefined ? undefined : { id: user.id, email: user.email, role: user.role }[rest[2] ?? 'id'];
  }
  const column = rest.at(-1) ?? '';
  const table = rest.slice(0, -2).join('.');
  return tenant.rows[table]?.[Number(rest.at(-2))]?.[column] ?? undefined;
}

function sampleOf(path: readonly string[], seed: Seed): string | undefined {
  const column = path.at(-1) ?? '';
  const table = path.slice(0, -1).join('.');
  const row: SeededRow | undefined = seed.tenants.A?.rows[table]?.[0];
  return table === 'tenant' ? seed.tenants.A?.tenantId : (row?.[column] ?? undefined);
}

/** A value of the same shape that no row has. */
function missingLike(sample: string | undefined): string {
  if (sample === undefined || /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(sample)) return '0d0cfade-0000-4000-8000-00000000dead';
  if (/^\d+$/.test(sample)) return '1987654321';
  // `cus_…`: a value of another shape would be refused for its shape.
  return `${/^[a-z]{2,5}_/.exec(sample)?.[0] ?? ''}drydockmissing0001`;
}
