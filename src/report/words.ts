import type { Confidence } from '../core/advice.ts';
import type { Actor, CellCommand } from '../core/cell.ts';
import type { Finding } from '../core/finding.ts';
import type { VerificationStep } from '../core/fix.ts';
import type { Gap } from '../core/gap.ts';
import type { ClientRole, Path, Principal } from '../core/path.ts';
import { formatPlace } from '../core/place.ts';
import type { OwnAccessCheck } from '../core/result.ts';
import { unreachable } from '../core/unreachable.ts';
import type { Reason, Verdict } from '../core/verdict.ts';

/** How sure a finding is, from the strongest evidence it has. */
export type Certainty = 'seen' | 'replayed' | 'policy' | 'code';

/** The strongest kind of evidence of a finding. */
export function certaintyOf(finding: Finding): Certainty {
  const kinds = new Set(finding.evidence.map(evidence => evidence.kind));
  if (kinds.has('probe')) return 'seen';
  if (kinds.has('replay')) return 'replayed';
  return kinds.has('policy') && !kinds.has('path') ? 'policy' : 'code';
}

/** The certainty in words, never stronger than the evidence. */
export function certaintyWords(certainty: Certainty): string {
  switch (certainty) {
    case 'seen':
      return 'seen in the running app';
    case 'replayed':
      return 'replayed in a copy of your database';
    case 'policy':
      return 'follows from the policy';
    case 'code':
      return 'follows from the code';
    default:
      return unreachable(certainty);
  }
}

/** How much of a finding is read, and how much supposed. */
export function confidenceWords(confidence: Confidence): string {
  switch (confidence) {
    case 'high':
      return 'High confidence; it rests on';
    case 'medium':
      return 'Medium confidence: part of it is inferred';
    case 'low':
      return 'Low confidence: part of it could not be followed';
    default:
      return unreachable(confidence);
  }
}

/** What a repair does, in a few words; the condition of a right sibling follows where there is one. */
export function repairWords(kind: string | undefined): string {
  switch (kind) {
    case 'require-session':
      return 'ask who is calling before the query, then tie the row to them';
    case 'require-membership':
      return 'ask whether the caller is a member before the query';
    case 'require-role':
      return 'ask for the role before the query';
    case 'await-guard':
      return 'await the guard';
    case 'stop-on-failure':
      return 'stop when the guard fails';
    case 'use-result':
      return 'use the answer of the guard, and stop when it refuses';
    case 'guard-page-not-layout':
      return 'repeat the guard in the page: the layout does not run for every request';
    case 'drop-filter-option':
      return 'make the value required, so that the filter cannot disappear';
    case 'verify-reference':
      return 'look the named row up within the tenant before it is written';
    case 'tool-uses-session':
      return 'take the tenant from the session, not from the arguments of the tool';
    case 'ignore-client-tenant':
      return 'take the tenant from the session, not from the request';
    case 'replace-policy':
    case 'repair-object':
      return "narrow the policy to the caller's rows";
    case 'enable-policies':
      return 'turn row security on';
    case 'create-policies':
      return 'turn row security on, with a policy for each command';
    case 'enable-force':
      return 'force row security, so that it holds for the owner too';
    case 'security-invoker':
      return 'let the view read with the rights of whoever asks';
    case 'guard-function':
      return 'ask whose rows they are, or run with the rights of its caller';
    case 'guard-trigger':
      return 'ask whose the named row is, in the policy that lets the row be written or in the trigger';
    case 'distrust-sign-up':
      return 'take it from an invitation or from app_metadata, not from what a user says of himself';
    case 'revoke-grant':
    case 'revoke-all':
    case 'revoke-beyond':
    case 'revoke-create':
    case 'revoke-create-schema':
    case 'close-functions':
      return 'take the privilege away';
    case 'revoke-default':
      return 'take back what objects to come would be granted';
    case 'grant-other-columns':
      return 'grant the other columns alone';
    case 'enable-part':
      return 'turn row security on for the part too';
    case 'drop-policy':
      return 'drop the policy';
    case 'index-columns':
      return 'add the index';
    case 'call-once':
      return 'ask who is calling once, not for every row';
    case 'tenant-in-key':
    case 'tenant-in-unique-key':
      return "put the tenant's column into the key";
    case 'move-extensions':
      return 'move the extension out of the schema that clients reach';
    case 'index-tenant':
      return "add an index that begins with the owner's column";
    case 'app-role':
      return 'connect as a role that owns nothing';
    case 'set-search-path':
      return 'set the search_path of the function';
    case 'bind-role':
      return 'take from the role what lets it pass policies';
    case 'correlate-policy':
      return 'compare with the row in the sub-query';
    case 'add-using':
      return 'say with USING which rows may be changed';
    case 'require-cron-secret':
      return 'compare with the secret of the scheduler, and stop when it is not set';
    default:
      return '';
  }
}

/** What a statement of the database is to the object named after it. */
export function definitionWords(statement: string): string {
  return /^\s*create\s+policy\b/i.test(statement) ? 'The policy on' : 'What your database says of';
}

/** Who asks, in words. */
export function principalWords(principal: Principal): string {
  switch (principal) {
    case 'anonymous':
      return 'anyone on the internet';
    case 'member':
      return 'any signed-in user';
    case 'admin':
      return 'an administrator';
    case 'system':
      return 'your own systems';
    default:
      return unreachable(principal);
  }
}

/** Who tries a cell of the matrix, in words. */
export function actorWords(actor: Actor): string {
  switch (actor) {
    case 'anonymous':
      return 'not signed in';
    case 'stranger':
      return 'signed in, no tenant';
    case 'member':
      return 'member of another tenant';
    case 'member-of-both':
      return 'member of both tenants';
    case 'admin':
      return 'administrator of another tenant';
    default:
      return unreachable(actor);
  }
}

/** What the query is missing, as the remark under the marked part of its SQL. */
export function reasonWords(reason: Reason): string {
  switch (reason) {
    case 'client-id':
      return 'the caller chooses the row; nothing ties it to their tenant';
    case 'unscoped':
      return 'nothing here depends on who asks';
    case 'unbound-object':
      return 'a tenant was verified; this row was never tied to it';
    case 'maybe-undefined':
      return 'this filter disappears when its value is undefined';
    case 'fail-open':
      return 'when the guard fails, the query still runs';
    case 'not-awaited':
      return 'the guard is not awaited, so it never stops this';
    case 'result-dropped':
      return 'the answer of the guard is not used';
    case 'layout-only':
      return 'only a layout guards this, and it does not run for every request';
    case 'foreign-key':
      return "this may name another tenant's row";
    case 'tool-argument':
      return 'a language model chooses this value';
    case 'policy-leaks':
      return 'this relies on the policy, and the policy lets others in';
    case 'no-authentication':
      return 'nobody is asked to sign in';
    case 'cross-role':
      return 'no role is required, so any member reaches it';
    case 'scoped-by-session':
      return 'tied to the tenant of the session';
    case 'scoped-by-membership':
      return 'tied to a verified membership';
    case 'scoped-by-policy':
      return 'tied to the caller by the policy';
    case 'guarded-lookup':
      return 'compared with the caller before it is used';
    case 'capability':
      return 'chosen by a secret that cannot be guessed';
    case 'system':
      return 'only your own systems and verified events come here';
    case 'administrator':
      return 'only an administrator of your app comes here';
    case 'no-owner':
      return 'the table belongs to no tenant';
    case 'declared-public':
      return 'you declared it public';
    case 'only-counted':
      return 'only a number over all rows leaves, and the caller picks none of them';
    case 'named-by-app':
      return 'the app itself says whose row it is';
    case 'published':
      return 'its owner shows the row to everybody';
    case 'publishable-key':
      return 'a key that stands in pages says for which tenant something is written';
    case 'open-by-link':
      return 'anyone who has the link reaches it, by a page without sign-in';
    case 'policy-denies-owner':
      return 'the policy keeps the owner out too';
    case 'opaque':
      return 'this could not be followed';
    default:
      return unreachable(reason);
  }
}

/** What the role of the database client means for policies. */
export function roleWords(role: ClientRole): string {
  switch (role) {
    case 'owner':
      return 'the client connects as the owner of the tables: policies do not apply';
    case 'service':
      return 'the client uses the service key: policies do not apply';
    case 'anon':
      return 'the client asks as nobody: policies decide';
    case 'authenticated':
      return 'the client asks as the signed-in user: policies decide';
    case 'guarded':
      return 'the client is bound to the session: policies decide';
    case 'unknown':
      return 'the role of the client could not be told';
    default:
      return unreachable(role);
  }
}

/** What the notes of a path are about. */
export function notesHeading(path: Path): string {
  return path.verdict === 'leaks' ? 'Why nothing stops it' : 'What its verdict rests on';
}

/** A verdict in a few words. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict) {
    case 'leaks':
      return 'leaks';
    case 'isolated':
      return 'isolated';
    case 'public':
      return 'public';
    case 'broken':
      return 'broken: not even the owner can';
    case 'unknown':
      return 'could not tell';
    default:
      return unreachable(verdict);
  }
}

/** How a fix was tried, in words. */
export function verificationWords(step: VerificationStep['step']): string {
  switch (step) {
    case 'trace':
      return 'traced again';
    case 'typecheck':
      return 'type check';
    case 'replay':
      return 'database replayed';
    case 'build':
      return 'build';
    case 'exploit':
      return 'same attack';
    case 'own-access':
      return "owner's own access";
    case 'tests':
      return 'regression test';
    default:
      return unreachable(step);
  }
}

/** The letter of a command in the head of the matrix. */
export function commandLetter(command: CellCommand): string {
  return command === 'execute' ? 'X' : command.charAt(0).toUpperCase();
}

/** `1 path`, `3 paths`; irregular plurals are given. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}

/** A number with a thin gap between thousands, the same in every locale. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A duration as one reads it: `0.8 s`, `2 min 51 s`. */
export function duration(elapsedMs: number): string {
  if (elapsedMs < 60_000) return `${(elapsedMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The name of a folder or the host of an address, for a heading. */
export function shortTarget(target: string): string {
  return (
    target
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .at(-1) ?? target
  );
}

/** What came of owners using their own data. A check that told nothing is named and counts for neither side. */
export function ownAccessSentence(checks: readonly OwnAccessCheck[]): string {
  const works = checks.filter(check => check.outcome === 'works').length;
  const told = checks.filter(check => check.outcome !== 'void').length;
  const silent = checks.length - told;
  return `Own access works in ${grouped(works)} of ${count(told, 'check')}${silent > 0 ? `; ${grouped(silent)} told nothing` : ''}.`;
}

/** A remark of a stage as a sentence of a report: a capital first, a full stop last. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** Where a gap is and what settling it would bring; empty for a gap that is nowhere in the app's files. */
export function gapPlace(gap: Gap): string {
  const place = gap.file === '' ? [] : [formatPlace(gap)];
  const worth = gap.settles > 0 ? [`one declaration settles ${count(gap.settles, 'verdict')}`] : [];
  return [...place, ...worth].join(' · ');
}
