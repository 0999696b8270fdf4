import type { JudgedPath } from '../checks/check.ts';
import type { Siblings } from '../core/finding.ts';
import type { Place } from '../core/place.ts';
import type { Reason } from '../core/verdict.ts';

/** Reasons of a path that asks whose the row is; a verified job or a shared table says nothing about customers. */
const scoped: ReadonlySet<Reason> = new Set([
  'scoped-by-session',
  'scoped-by-membership',
  'scoped-by-policy',
  'guarded-lookup',
]);

/** How the queries that reach one table are written elsewhere: a query that leaks among many that do not is rarely meant. */
export class SiblingCount {
  readonly #byTable = new Map<string, Map<string, boolean>>();

  constructor(paths: readonly JudgedPath[]) {
    for (const path of paths) {
      if (path.verdict !== 'leaks' && !scoped.has(path.reason)) continue;
      const places = this.#byTable.get(path.sink.table) ?? new Map<string, boolean>();
      this.#byTable.set(path.sink.table, places);
      const place = keyOf(path.sink);
      places.set(place, (places.get(place) ?? true) && path.verdict !== 'leaks');
    }
  }

  /** The queries on the table that stand elsewhere; absent when there are none. */
  of(table: string, own: readonly Place[]): Siblings | undefined {
    const mine = new Set(own.map(keyOf));
    const others = [...(this.#byTable.get(table) ?? [])].filter(([place]) => !mine.has(place));
    if (others.length === 0) return undefined;
    return { checked: others.filter(([, isTied]) => isTied).length, all: others.length };
  }
}

function keyOf({ file, line }: Place): string {
  return `${file}:${line}`;
}
