import { createHash } from 'node:crypto';

/** A transcript in two parts: rows that it makes first, the same for a whole table, and what it then tries. */
export interface SplitTranscript {
  /** Absent when the transcript makes no rows. */
  readonly rows: string | undefined;
  readonly attempt: string;
}

/** The line after which rows are made and row security is as the app has it. */
const rowsEnd = 'set local session_replication_role = origin;\n';

/** Splits a transcript so that what it tries is read first. Both parts after each other are the whole. */
export function splitTranscript(transcript: string): SplitTranscript {
  const end = transcript.indexOf(rowsEnd);
  if (end < 0) return { rows: undefined, attempt: transcript };
  return {
    rows: transcript.slice(0, end + rowsEnd.length),
    attempt: transcript.slice(end + rowsEnd.length).trimStart(),
  };
}

/** The id under which a page holds these rows once, for all transcripts that begin with them. */
export function rowsId(rows: string): string {
  return `rows-${createHash('sha256').update(rows).digest('hex').slice(0, 12)}`;
}
