import type { Operation } from '../../../../core/path.ts';

/**
 * A call of a service that keeps tenants' data outside the database. Data only: what a service offers stands in a table,
 * and one mechanism (`service-query.ts`) makes a query of the call.
 */
export interface ServiceSink {
  /** The package, without sub-path (`@aws-sdk/client-s3`). */
  readonly library: string;
  /**
   * The callee as the interpreter writes it: instances and default imports by the package's or class's name, calls in
   * between without parentheses, the call of a call's result with them (`Tinybird.buildPipe()`).
   */
  readonly callee: RegExp;
  /** What it keeps, as a table: `<service>.<thing>`. Look-ups and changes of one thing share the name. */
  readonly table: string;
  readonly operation: Operation;
  /** What chooses whose data it is about. One that is the caller's own is enough: they all have to fit. */
  readonly chosenBy: readonly Choice[];
  /** What it answers with: one thing, many, or nothing that says something about it. */
  readonly answers?: 'one' | 'many';
  /** What it answers with when there is nothing: `undefined` where nothing else is said. */
  readonly nothing?: 'null';
  /** An option without which the call harms nobody: it refuses to replace what is there. */
  readonly onlyWith?: { readonly argument: number; readonly field: string };
  /** What it reads ends up where the caller chose (a copy under another name): it leaves whatever the app answers. */
  readonly copies?: true;
  /** Apps keep sessions in it: what is found by a secret of the caller's says who the caller is. */
  readonly keepsSessions?: true;
}

/** Where the value stands that chooses: an argument, or a field in it; `[]` steps into each item, `*` takes every field. */
export interface Choice {
  readonly argument: number;
  readonly field?: string;
  /** The name of what is compared; calls of one table are compared by it. */
  readonly column: string;
}

/** The argument itself. */
export function argument(position: number, column = 'id'): Choice {
  return { argument: position, column };
}

/** A field of an argument, by default of the first; the column is named as the field. */
export function field(path: string, position = 0): Choice {
  return { argument: position, field: path, column: path.replaceAll('[]', '').split('.').at(-1) ?? path };
}
