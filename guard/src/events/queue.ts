/** A queue of bounded size: what it cannot hold is dropped and counted, and adding never waits. */
export interface BoundedQueue<T> {
  readonly size: number;
  /** How many were dropped since this was last asked. */
  takeDropped(): number;
  add(item: T): void;
  /** Takes up to `count`, the oldest first. */
  take(count: number): T[];
}

/** Makes a ring of `capacity` places. */
export function boundedQueue<T>(capacity: number, whenFull: 'drop-oldest' | 'drop-newest'): BoundedQueue<T> {
  const ring: (T | undefined)[] = Array.from({ length: capacity });
  let first = 0;
  let size = 0;
  let dropped = 0;
  const takeFirst = (): T | undefined => {
    const item = ring[first];
    ring[first] = undefined; // or the ring would keep it alive
    first = (first + 1) % capacity;
    size -= 1;
    return item;
  };
  return {
    get size() {
      return size;
    },
    takeDropped() {
      const count = dropped;
      dropped = 0;
      return count;
    },
    add(item) {
      if (size === capacity) {
        dropped += 1;
        if (whenFull === 'drop-newest') return;
        takeFirst();
      }
      ring[(first + size) % capacity] = item;
      size += 1;
    },
    take(count) {
      const taken: T[] = [];
      while (taken.length < count && size > 0) taken.push(takeFirst() as T);
      return taken;
    },
  };
}
