declare module 'pg-cursor' {
  import type { Submittable } from 'pg';

  /** What the tests use of it; the package brings no types. */
  export default class Cursor<Row> implements Submittable {
    constructor(text: string, values?: readonly unknown[]);
    read(rows: number): Promise<Row[]>;
    close(): Promise<void>;
    submit: Submittable['submit'];
  }
}
