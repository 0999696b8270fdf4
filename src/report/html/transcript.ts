import { rowsId, splitTranscript } from '../transcript.ts';
import { markup, type Markup } from './markup.ts';

/** What a transcript tries; the rows it begins with are a button away. */
export function transcriptBlock(transcript: string): Markup {
  const { rows, attempt } = splitTranscript(transcript);
  if (rows === undefined) return markup`<pre>${attempt}</pre>`;
  return markup`<pre>${attempt}</pre><p class="small"><button type="button" class="link" popovertarget="${rowsId(rows)}">the rows it begins with</button></p>`;
}

/** Every set of rows once, for the buttons of all transcripts of the page. */
export function rowsPopovers(transcripts: readonly string[]): Markup {
  const sets = new Set(
    transcripts.map(transcript => splitTranscript(transcript).rows).filter(rows => rows !== undefined),
  );
  return markup`${[...sets].map(
    rows => markup`<div popover id="${rowsId(rows)}"><button type="button" class="close" popovertarget="${rowsId(rows)}" popovertargetaction="hide">close</button>
    <h3>Run this first, then the attempt, in one psql session on a fresh copy of the schema</h3><pre>${rows}</pre></div>`,
  )}`;
}
