import type { Neighbours } from '../core/finding.ts';
import type { AppModel } from '../model/app/types.ts';

interface Entry {
  readonly folders: readonly string[];
  readonly asks: boolean;
}

/** With fewer others around it nothing can be said of what is usual there. */
const fewest = 3;

/** What is usual around an entry point: how many of those in the nearest folder with some others ask who is calling. */
export class NeighbourCount {
  readonly #entries = new Map<string, Entry>();
  readonly #byFolder = new Map<string, { all: number; asking: number }>();

  constructor(app: AppModel) {
    for (const seen of app.observations) {
      // What only our own systems call says nothing of what visitors may do.
      if (seen.kind !== 'entry-guards' || seen.system) continue;
      const folders = foldersOf(seen.place.file);
      this.#entries.set(seen.entryPoint, { folders, asks: seen.signedIn });
      for (const folder of folders) {
        const count = this.#byFolder.get(folder) ?? { all: 0, asking: 0 };
        this.#byFolder.set(folder, count);
        count.all += 1;
        if (seen.signedIn) count.asking += 1;
      }
    }
  }

  /** The others around an entry point; absent where there are too few. */
  of(entryPoint: string): Neighbours | undefined {
    const own = this.#entries.get(entryPoint);
    for (const folder of own?.folders ?? []) {
      const count = this.#byFolder.get(folder);
      if (own === undefined || count === undefined || count.all - 1 < fewest) continue;
      return { folder, asking: count.asking - Number(own.asks), all: count.all - 1 };
    }
    return undefined;
  }
}

/** The file itself, then each folder above it that holds more than the whole app. */
function foldersOf(file: string): readonly string[] {
  const parts = file.split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/')).slice(0, -1);
}
