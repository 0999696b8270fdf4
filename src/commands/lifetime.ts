import { messageOf } from '../core/error.ts';

type Release = () => Promise<void>;

/**
 * What a command holds open (replicas, running apps, work folders) and lets go of at its end: in reverse order, once,
 * whether it ended well, threw, or was interrupted.
 */
export class Lifetime {
  readonly #held: { readonly name: string; readonly release: Release }[] = [];
  #closing: Promise<readonly string[]> | undefined;

  /** Registers something to let go of; gives it back. */
  hold<T>(name: string, thing: T, release: (thing: T) => Promise<void>): T {
    // What was still starting when everything was let go of has nobody else to end it.
    if (this.#closing === undefined) this.#held.push({ name, release: () => release(thing) });
    else void release(thing).catch(() => {});
    return thing;
  }

  /** Lets go of everything; what could not be released is named in the answer. */
  close(): Promise<readonly string[]> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const { name, release } of this.#held.toReversed()) {
      try {
        await release();
      } catch (thrown) {
        problems.push(`${name}: ${messageOf(thrown)}`);
      }
    }
    return problems;
  }
}
