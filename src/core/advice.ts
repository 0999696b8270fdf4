import type { Place } from './place.ts';

/** How much of a finding rests on what was read, and how much on what was supposed. */
export type Confidence = 'high' | 'medium' | 'low';

/** A check that stands on the path and does not help, with the reason. */
export interface NearbyCheck extends Place {
  readonly label: string;
  /** One sentence. */
  readonly why: string;
}

/** A request that shows the fault, with names in the place of what only the app's own two test tenants know. */
export interface SuggestedRequest {
  /** `curl` for what has a URL, else what to do in the app. */
  readonly text: string;
  /** How it is sent, where that does not show. */
  readonly note?: string;
  readonly placeholders: readonly { readonly name: string; readonly means: string }[];
}

/** A query of the same app that does what this one fails to do. */
export interface Sibling extends Place {
  readonly entryPoint: string;
  /** It reads or writes the same table; else another one that is tied in the same way. */
  readonly sameTable: boolean;
  /** The condition that is missing, as the sibling's code writes it; as SQL where it could not be cut out. */
  readonly condition: string;
  readonly asCode: boolean;
  /** Trimmed lines of the sibling's query. */
  readonly code: readonly string[];
  /** The faulty query with the condition added, in the sibling's names; empty where the text does not tell how. */
  readonly hint: readonly DiffLine[];
}

/** A line of a diff. */
export interface DiffLine {
  readonly sign: ' ' | '+' | '-';
  readonly text: string;
}

/** What a reader needs to act on a finding: how to see it, why the checks around it do not help, what is missing. */
export interface Advice {
  readonly confidence: Confidence;
  /** What the finding rests on, one sentence each. */
  readonly assumptions: readonly string[];
  readonly nearby: readonly NearbyCheck[];
  readonly request?: SuggestedRequest;
  readonly sibling?: Sibling;
  /** The comment that suppresses it, to put above `place`; the reason is to be filled in. */
  readonly suppress: { readonly comment: string; readonly place: Place };
}
