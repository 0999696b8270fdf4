/** A map that gives snapshots for free: it is copied when it is written to after one was taken, and not before. */
export class SnapshotMap<K, V> {
  #entries = new Map<K, V>();
  #isShared = false;

  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    if (this.#isShared) {
      if (this.#entries.get(key) === value && value !== undefined) return;
      this.#separate();
    }
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    if (!this.#entries.has(key)) return;
    if (this.#isShared) this.#separate();
    this.#entries.delete(key);
  }

  keys(): MapIterator<K> {
    return this.#entries.keys();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#entries.entries();
  }

  /** The entries as they are now; what is written later does not reach them. */
  snapshot(): ReadonlyMap<K, V> {
    this.#isShared = true;
    return this.#entries;
  }

  /** Back to a snapshot of this map. */
  restore(snapshot: ReadonlyMap<K, V>): void {
    if (snapshot === this.#entries) return;
    // Only `snapshot` gives these out, and it gives its own map.
    this.#entries = snapshot as Map<K, V>;
    this.#isShared = true;
  }

  #separate(): void {
    this.#entries = new Map(this.#entries);
    this.#isShared = false;
  }
}
