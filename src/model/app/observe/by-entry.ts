import type { EntryPoint } from '../../../core/path.ts';

/** What belongs to each entry point, by its name, in the order in which it came. */
export function byEntry<T extends { readonly entryPoint: EntryPoint }>(
  items: readonly T[],
): (name: string) => readonly T[] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const list = found.get(item.entryPoint.name);
    if (list === undefined) found.set(item.entryPoint.name, [item]);
    else list.push(item);
  }
  return name => found.get(name) ?? [];
}
