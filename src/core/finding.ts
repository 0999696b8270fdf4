import type { Advice } from './advice.ts';
import { comparePlaces, compareText } from './place.ts';
import { severityRank, type Severity } from './verdict.ts';

/** Why we believe a finding, from weakest to strongest: path, policy, replay (in a copy of the database), probe (seen in the running app). */
export type Evidence =
  | { readonly kind: 'path'; readonly pathId: string }
  | { readonly kind: 'policy'; readonly object: string; readonly statement: string }
  | {
      /** A transcript that `psql` replays on a fresh copy of the schema. */
      readonly kind: 'replay';
      readonly object: string;
      readonly role: string;
      readonly command: string;
      readonly transcript: string;
    }
  | {
      /** A request to the running app, as tenant A's user (or nobody), that reached tenant B's row. */
      readonly kind: 'probe';
      readonly attackId: string;
      readonly principal: string;
      readonly request: HttpExchangeRequest;
      readonly answer: HttpExchangeAnswer;
      /** One sentence: what was seen that must not be, by table and column. */
      readonly observed: string;
    };

/** A request as it can be repeated; secrets and cookies are named, not shown. */
export interface HttpExchangeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The telling part of an answer. */
export interface HttpExchangeAnswer {
  readonly status: number;
  readonly excerpt: string;
}

/** A problem, with why we believe it. */
export interface Finding {
  /** `family/id` of the check that found it. */
  readonly check: string;
  /** Survives unrelated edits: no line numbers inside. */
  readonly fingerprint: string;
  readonly severity: Severity;
  /** The harm in one sentence without jargon: `Any signed-in user can read any customer's invoice.` */
  readonly harm: string;
  /** The fact in one sentence, naming things in single quotes, without advice. */
  readonly message: string;
  readonly cwe: number;
  readonly file: string;
  readonly line: number;
  readonly endLine?: number;
  /** The entry point's name, where there is one. */
  readonly entryPoint?: string;
  /** SQL name of the table, view, function or bucket, where there is one. */
  readonly object?: string;
  readonly pathIds: readonly string[];
  /** Fingerprint of the finding whose repair would end this one too: its rows were reached through that one's. */
  readonly consequenceOf?: string;
  /** Signature of the function whose repair alone would end this one, as was tried on a copy. */
  readonly causedBy?: string;
  readonly evidence: readonly Evidence[];
  /** How many more tables it opens; ranks findings of one severity. */
  readonly opens?: number;
  /** How the app's other queries on the same table are written; ranks findings of one severity, and is no evidence. */
  readonly siblings?: Siblings;
  /** For what is reached without signing in: whether the entry points around it ask who is calling; ranks, and is no evidence. */
  readonly neighbours?: Neighbours;
  /** The repair this finding asks for, as data for `fix/`; absent when only a person can decide. */
  readonly repair?: RepairHint;
  /** How to see it, why the checks around it do not help, and what a right sibling does. */
  readonly advice?: Advice;
}

/** What a fixer needs to know, named by the check that understood the fault. */
export interface RepairHint {
  readonly kind: string;
  readonly [detail: string]: unknown;
}

/** The other entry points in one folder, and how many of them ask who is calling. */
export interface Neighbours {
  readonly folder: string;
  readonly asking: number;
  readonly all: number;
}

/** Other queries on the table of a finding: how many there are, and how many of them are tied to their caller. */
export interface Siblings {
  readonly checked: number;
  readonly all: number;
}

/** Whether a finding is there through no other: what follows from one goes with its repair. */
export function standsAlone({ consequenceOf }: Finding): boolean {
  return consequenceOf === undefined;
}

/** The order of findings: what follows from another last; severity; what opens most; what is unusual for its surroundings; check; place. */
export function compareFindings(left: Finding, right: Finding): number {
  return (
    Number(!standsAlone(left)) - Number(!standsAlone(right)) ||
    severityRank(left.severity) - severityRank(right.severity) ||
    (right.opens ?? 0) - (left.opens ?? 0) ||
    compareLikelihood(left, right) ||
    compareText(left.check, right.check) ||
    comparePlaces(left, right) ||
    compareText(left.fingerprint, right.fingerprint)
  );
}

/** Sorts findings of one severity, the likelier faults first: what is unusual for its surroundings, then for its table. */
function compareLikelihood(left: Finding, right: Finding): number {
  return (
    Number(isUsualAround(left)) - Number(isUsualAround(right)) ||
    (right.siblings?.checked ?? 0) - (left.siblings?.checked ?? 0)
  );
}

/** Most entry points around it ask nobody who they are either: visitors are meant to come there. */
export function isUsualAround({ neighbours }: Finding): boolean {
  return neighbours !== undefined && neighbours.asking * 2 < neighbours.all;
}
