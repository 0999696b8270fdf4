/** Gives back what it is constructed with, so that a class below puts its private field on that very object. */
class Onto {
  constructor(target: object) {
    // oxlint-disable-next-line no-constructor-return -- this is what makes the field land on the target
    return target;
  }
}

/** Something that was worked out about an immutable object, kept on the object itself. */
export interface Notes<T> {
  /** What was kept on the object; absent when nothing was. */
  of(target: object): T | undefined;
  /** Keeps something on an object that has none of it yet, and gives it back. */
  keep(target: object, note: T): T;
}

/**
 * A kind of note that objects can carry. A private field rather than a `WeakMap`: an order of magnitude faster with
 * millions of objects, and nothing extra for the garbage collector. Copies (`{ ...object }`) do not take it along, and no
 * serialisation or comparison sees it.
 */
export function makeNotes<T>(): Notes<T> {
  class Noted extends Onto {
    readonly #note: T;

    constructor(target: object, note: T) {
      super(target);
      this.#note = note;
    }

    static of(target: object): T | undefined {
      return #note in target ? target.#note : undefined;
    }

    static keep(target: object, note: T): T {
      return new Noted(target, note).#note;
    }
  }
  return Noted;
}
