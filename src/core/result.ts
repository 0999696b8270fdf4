import type { RulesAssertions } from './assertion.ts';
import type { Cell } from './cell.ts';
import type { Finding, HttpExchangeAnswer, HttpExchangeRequest } from './finding.ts';
import type { VerificationStep, VerifiedFix } from './fix.ts';
import type { Gap } from './gap.ts';
import type { EntryPoint, Path } from './path.ts';
import type { Settling, TablePolicy } from './policy.ts';
import type { Gate, PolicySpeed, RulesCause, RulesDiff, TableRules } from './rules.ts';
import type { ConfigProblem, SuppressedFinding } from './suppression.ts';
import type { Verdict } from './verdict.ts';

/** What every command hands to `report/`. Nothing in it is computed there. */
export interface ResultBase {
  /** Absolute path or address of the target, for display. */
  readonly target: string;
  readonly stack: readonly string[];
  readonly elapsedMs: number;
  readonly gaps: readonly Gap[];
  /** Findings that a comment in the code accepts, each with its reason. */
  readonly suppressed?: readonly SuppressedFinding[];
  /** What the user wrote for Drydock and does not do what it says. */
  readonly problems?: readonly ConfigProblem[];
}

/** `drydock trace`: every way from an entry point to rows, judged. */
export interface TraceResult extends ResultBase {
  readonly command: 'trace';
  readonly summary: TraceSummary;
  readonly entryPoints: readonly EntryPoint[];
  readonly paths: readonly Path[];
  readonly findings: readonly Finding[];
  /** Findings that were there before and are left out, and where they are known from. */
  readonly known?: { readonly count: number; readonly where: string };
  /** Declarations that would settle unknown paths, the most useful first. */
  readonly settlings?: readonly Settling[];
  /** Present when it was asked for: it is then what is shown. */
  readonly policy?: readonly TablePolicy[];
}

/** How many paths have which verdict, and how much was read. */
export interface TraceSummary {
  readonly entryPoints: number;
  readonly paths: number;
  readonly isolated: number;
  readonly leaks: number;
  readonly public: number;
  readonly broken: number;
  readonly unknown: number;
  readonly querySites: { readonly reached: number; readonly textual: number; readonly unused: number };
  readonly files: number;
  readonly elapsedMs: number;
}

/** `drydock rules`: the database alone. */
export interface RulesResult extends ResultBase {
  readonly command: 'rules';
  readonly replay: {
    /** Set where the catalog of a live database was copied instead of migrations replayed. */
    readonly isCopy?: true;
    readonly files: number;
    readonly statements: number;
    readonly failed: readonly {
      readonly file: string;
      readonly line: number;
      readonly sqlstate: string;
      readonly message: string;
      readonly firstCause: boolean;
    }[];
  };
  readonly tenancy: {
    readonly root: string | undefined;
    readonly principal: string | undefined;
    readonly memberships: readonly string[];
    /** Columns with keys of tenants of which the database has no table; absent where it has one, or where there are none. */
    readonly tenantColumns?: readonly string[];
    readonly owners: readonly {
      readonly table: string;
      readonly path: readonly string[];
      readonly kind: string;
      readonly confidence: string;
    }[];
  };
  readonly cells: readonly Cell[];
  /** The time that was given was over before everything was tried. */
  readonly isCutShort?: true;
  readonly findings: readonly Finding[];
  /** Functions at fault for many leaks at once; absent in a sample. */
  readonly causes?: readonly RulesCause[];
  /** Every table with its policies and grants; absent in a sample. */
  readonly tables?: readonly TableRules[];
  /** Findings that were there before and are left out, and where they are known from. */
  readonly known?: { readonly count: number; readonly where: string };
  /** Present when it was asked for. */
  readonly gate?: Gate;
  /** Present when it was asked for: it is then what is shown first. */
  readonly diff?: RulesDiff;
  /** The matrix as tests; present when a file of them was asked for. */
  readonly assertions?: RulesAssertions;
  /** How long lists take under the policies; present when it was asked for. */
  readonly speeds?: readonly PolicySpeed[];
}

/** One thing the probe tried: a request as one principal at another tenant's data. */
export interface Attack {
  readonly id: string;
  /** Stable name for the entry point: as in `EntryPoint.name`. */
  readonly entryPoint: string;
  readonly principal: string;
  /** In words: `as ada@… of Acme, with an order id of Borealis`. */
  readonly description: string;
  readonly request: HttpExchangeRequest;
  readonly answer: HttpExchangeAnswer;
  readonly outcome: 'leaked' | 'held' | 'not-reachable' | 'void';
  /** What was seen, one sentence; for `not-reachable` and `void` the reason. */
  readonly observed: string;
  readonly oracle?: 'foreign-canary' | 'state-change' | 'difference' | 'outgoing-call';
  /** Table whose foreign row was reached, when known. */
  readonly table?: string;
  readonly pathIds: readonly string[];
  /** Fingerprints of the findings it confirms. */
  readonly findings: readonly string[];
  /** Everything needed to send it again, after a rebuild too (ids by role, not by value). */
  readonly replay: AttackReplay;
}

/** How to repeat an attack: plain data, written into regression tests. */
export interface AttackReplay {
  readonly kind: 'http' | 'action' | 'webhook' | 'sequence';
  readonly [detail: string]: unknown;
}

/** An owner using their own data through one entry point. */
export interface OwnAccessCheck {
  readonly entryPoint: string;
  readonly principal: string;
  readonly description: string;
  readonly outcome: 'works' | 'fails' | 'void';
  readonly observed: string;
}

/** `drydock probe`: the running app under two tenants' accounts. */
export interface ProbeResult extends ResultBase {
  readonly command: 'probe';
  readonly attacks: readonly Attack[];
  readonly ownAccess: readonly OwnAccessCheck[];
  /** Every planned cell ends as tested, leaked, or not reachable with its reason. */
  readonly coverage: {
    readonly entryPoints: number;
    readonly exercised: number;
    readonly notReachable: readonly { readonly entryPoint: string; readonly reason: string }[];
  };
  readonly timings: readonly { readonly stage: string; readonly elapsedMs: number }[];
  readonly findings: readonly Finding[];
}

/** `drydock fix`: repairs, each with what was tried. */
export interface FixResult extends ResultBase {
  readonly command: 'fix';
  readonly fixes: readonly VerifiedFix[];
  /** Findings without an offered repair, each with the reason. */
  readonly unrepaired: readonly { readonly fingerprint: string; readonly reason: string }[];
  /** One repair for many findings: the guard, as it held on a copy. Absent where it closes none, or is in the app. */
  readonly guard?: GuardOffer;
}

/** What the guard would end. */
export interface GuardOffer {
  readonly command: string;
  /** Fingerprints of the findings whose queries give no other tenant's rows any more. */
  readonly findings: readonly string[];
  readonly files: readonly string[];
  /** Those of them in which a client of postgres.js becomes one of node-postgres. */
  readonly moved: readonly string[];
  readonly verification: readonly VerificationStep[];
}

/** The ledger of a rescue, before or after. */
export interface Ledger {
  readonly leaksExploited: number;
  readonly attacks: number;
  readonly ownAccessWorking: number;
  readonly ownAccessChecks: number;
  readonly tablesUnderPolicy: number;
  readonly tenantTables: number;
  readonly leakingPaths: number;
  readonly leakingCells: number;
}

/** `drydock rescue`: all of it in order. */
export interface RescueResult extends ResultBase {
  readonly command: 'rescue';
  readonly before: Ledger;
  readonly after: Ledger;
  readonly traceBefore: TraceResult;
  readonly traceAfter: TraceResult;
  readonly rulesBefore: RulesResult;
  readonly rulesAfter: RulesResult;
  readonly probeBefore: ProbeResult;
  readonly probeAfter: ProbeResult;
  readonly fixes: readonly VerifiedFix[];
  readonly unrepaired: readonly { readonly fingerprint: string; readonly reason: string }[];
  readonly tests: {
    readonly written: number;
    readonly failingBefore: number;
    readonly passingAfter: number;
    readonly files: readonly string[];
  };
  readonly filesChanged: readonly string[];
  readonly branch: string;
  readonly workFolder: string;
  readonly timings: readonly { readonly stage: string; readonly elapsedMs: number }[];
}

/** `drydock`: the first screen. */
export interface TriageResult extends ResultBase {
  readonly command: 'triage';
  readonly verdict: 'not-safe' | 'safe-as-far-as-seen' | 'could-not-tell';
  readonly headline: string;
  readonly trace: TraceResult | undefined;
  readonly rules: RulesResult | undefined;
  readonly findings: readonly Finding[];
  readonly reach: { readonly tables: readonly string[]; readonly columns: number; readonly secretColumns: number };
  readonly who: readonly { readonly principal: string; readonly findings: number }[];
  /** The commits that brought the leaking lines, newest first; empty outside git. */
  readonly since: readonly {
    readonly commit: string;
    readonly subject: string;
    readonly date: string;
    readonly author: string;
    readonly findings: number;
  }[];
  readonly todo: readonly { readonly action: string; readonly command?: string }[];
}

/** Whatever a command produced. */
export type CommandResult = TraceResult | RulesResult | ProbeResult | FixResult | RescueResult | TriageResult;

/** How many of `items` have each verdict. */
export function countVerdicts(items: readonly { readonly verdict: Verdict }[]): Readonly<Record<Verdict, number>> {
  const counts: Record<Verdict, number> = { isolated: 0, leaks: 0, public: 0, broken: 0, unknown: 0 };
  for (const item of items) counts[item.verdict] += 1;
  return counts;
}
