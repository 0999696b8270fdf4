import type { Complaint } from './attempt.ts';
import { missing } from './described-ddl.ts';
import type { Statement } from './statements.ts';

/** A statement of a file. */
export interface Placed {
  readonly file: string;
  readonly statement: Statement;
}

/**
 * Tables that the code describes and that migrations name before the one that makes them: somebody had made them by hand, and
 * wrote them down later. They are made as they were written down, once they are missed, and what they refer to with them.
 */
export class MadeAhead {
  readonly #later: ReadonlyMap<string, Placed>;
  readonly #made = new Set<string>();
  #making = 0;

  constructor(statements: readonly Placed[]) {
    const later = new Map<string, Placed>();
    for (const each of statements) {
      const { kind } = each.statement;
      if (kind.kind === 'defines' && kind.what === 'table' && !later.has(kind.name)) later.set(kind.name, each);
    }
    this.#later = later;
  }

  /** Whether a migration makes the table. */
  makes(name: string): boolean {
    return this.#later.has(name);
  }

  /** Makes the table that an error says is missing; false where no migration makes it, or not like this. */
  async supply(
    complaint: Complaint,
    isDescribed: boolean,
    run: (each: Placed) => Promise<Complaint | undefined>,
  ): Promise<boolean> {
    const name = missing(complaint); // a function may name a table as the type of its rows
    if (name === undefined || this.#made.has(name) || (!isDescribed && this.#making === 0)) return false;
    const each = this.#later.get(name);
    if (each === undefined) return false;
    this.#made.add(name);
    this.#making += 1;
    const refusal = await run(each);
    this.#making -= 1;
    return refusal === undefined;
  }

  /** Whether a statement fails only because the table was made ahead of it, in its last form. */
  explains({ sqlstate, message }: Complaint): boolean {
    if (!/^(42701|42P07)$/.test(sqlstate)) return false;
    return [...this.#made].some(name => message.includes(`"${name.split('.').at(-1) ?? name}"`));
  }
}
