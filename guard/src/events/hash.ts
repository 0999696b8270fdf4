import { createHmac } from 'node:crypto';

/** How ids are told. */
export interface IdHashOptions {
  /** The secret with which ids are hashed, of 16 characters or more. All instances of an app have the same one, or their events do not meet. */
  readonly key: string;
  /** How long the same id has the same hash. */
  readonly rotation?: 'day' | 'month' | 'never';
}

/** Hashes an id as events of that moment tell it. */
export type IdHash = (id: string, atMs?: number) => string;

/**
 * Makes the hash that events tell instead of ids: the same id is the same hash until the key is rotated, and nobody
 * without the key reads it back. With it one finds the events of somebody by their id.
 *
 * @example
 * const hash = idHasher({ key: auditKey, rotation: 'month' });
 * const actor: string = hash(user.id, Date.UTC(2026, 10, 22));
 */
export function idHasher({ key, rotation = 'month' }: IdHashOptions): IdHash {
  // Who knows ids, as everybody does who counts, tries the keys. An unset variable in a text is short too.
  if (key.length < 16) throw new RangeError('The key that ids are hashed with is under 16 characters.');
  let period = periodOf(key, rotation, Date.now());
  return (id, atMs = Date.now()) => {
    if (atMs < period.fromMs || atMs >= period.untilMs) period = periodOf(key, rotation, atMs);
    // Also where JavaScript passes a number: telling what happened never throws.
    return hashIn(period, String(id));
  };
}

interface Period {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly key: Buffer;
  /** The same few users and tenants come again and again; a hash costs more than all else of an event. */
  readonly known: Map<string, string>;
}

const knownLimit = 4096;

function hashIn({ key, known }: Period, id: string): string {
  const before = known.get(id);
  if (before !== undefined) return before;
  if (known.size >= knownLimit) known.clear();
  const hash = createHmac('sha256', key).update(id).digest('base64url').slice(0, 16);
  known.set(id, hash);
  return hash;
}

/** Each period has a key of its own, made from the secret: two periods cannot be joined without it. */
function periodOf(key: string, rotation: 'day' | 'month' | 'never', atMs: number): Period {
  const at = new Date(atMs);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const bounds = {
    day: [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)],
    month: [Date.UTC(year, month), Date.UTC(year, month + 1)],
    never: [-Infinity, Infinity],
  }[rotation];
  const [fromMs = -Infinity, untilMs = Infinity] = bounds;
  const name = `drydock ${rotation} ${fromMs}`;
  return { fromMs, untilMs, key: createHmac('sha256', key).update(name).digest(), known: new Map() };
}
