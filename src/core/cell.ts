import type { Verdict } from './verdict.ts';

/** Who is trying, in the matrix of the database. `member` belongs to tenant A and tries B's rows. */
export type Actor = 'anonymous' | 'stranger' | 'member' | 'member-of-both' | 'admin';

/** What was tried. */
export type CellCommand = 'select' | 'insert' | 'update' | 'delete' | 'truncate' | 'execute';

/** One cell of the matrix role × command × object. */
export interface Cell {
  readonly schema: string;
  readonly object: string;
  readonly objectKind: 'table' | 'view' | 'materialized-view' | 'function' | 'bucket' | 'foreign-table';
  /** The bucket, for files in storage. */
  readonly bucket?: string;
  readonly role: string;
  readonly actor: Actor;
  readonly command: CellCommand;
  readonly verdict: Verdict;
  /** `api`: reachable with a signed-in user's own requests; `sql`: needs free SQL as that role. */
  readonly tier: 'api' | 'sql';
  /** One sentence: what was seen. */
  readonly because: string;
  /** Of several policies for the command, the one that alone lets the attack through. */
  readonly policy?: string;
  /** The others that alone let such an attack through: with `policy` repaired, each of them is still open. */
  readonly alsoOpen?: readonly OpenPolicy[];
  /** The function without whose answer the leak is gone, as was tried; of the policy that is named. */
  readonly helper?: HelperFault;
  readonly evidence: readonly CellEvidence[];
  /** Of a cell that is broken by a recursion: what was seen once that was mended on the replica. */
  readonly behind?: Pick<Cell, 'verdict' | 'because' | 'evidence'>;
}

/** A policy that alone lets an attack of a leaking cell through, and what was seen under it. */
export interface OpenPolicy {
  readonly policy: string;
  readonly tier: Cell['tier'];
  readonly because: string;
  readonly evidence: readonly CellEvidence[];
  /** The function without whose answer the leak under this policy is gone. */
  readonly helper?: HelperFault;
}

/** A function that policies ask who may pass, and what is wrong with its answer. */
export interface HelperFault {
  /** Its signature. */
  readonly function: string;
  /** `says-yes` about rows that are not the caller's, `gives-keys` of others, `believes-caller` in what he wrote himself. */
  readonly fault: 'says-yes' | 'gives-keys' | 'believes-caller';
}

/** The SQL name of a cell's object: `schema.table`, or `table` for `public`. */
export function objectName({ schema, object }: Pick<Cell, 'schema' | 'object'>): string {
  return schema === 'public' ? object : `${schema}.${object}`;
}

/** Why a cell has its verdict. A replay's transcript runs in `psql` on a fresh copy of the schema. */
export interface CellEvidence {
  readonly kind: 'replay' | 'proof' | 'bounded' | 'policy';
  /** What it is about, where that is not the cell itself. */
  readonly about?: string;
  readonly transcript: string;
  readonly assumptions: readonly string[];
  readonly elapsedMs: number;
}
