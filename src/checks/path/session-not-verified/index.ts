import type { Check, CheckFinding, CheckInput, JudgedPath } from '../../check.ts';
import { tenantNoun } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { siteOf } from '../rows.ts';
import { storedSessionAt, trustsStoredSession } from '../speaks-for.ts';

const about = {
  id: 'path/session-not-verified',
  title: 'Session from the cookie is not verified',
  severity: 'high',
  cwe: 345,
} as const;

/** On the server `getSession` of Supabase gives what is in the cookie: whoever writes their own is whoever they like. */
export const check: Check = {
  ...about,
  needs: 'app',
  judge: input => ({ findings: [...leaking.judge(input).findings, ...behindPolicies(input)], gaps: [] }),
};

/** Nothing else stands between the caller and the rows. */
const leaking = leakCheck({
  ...about,
  reasons: ['no-authentication', 'client-id', 'unscoped'],
  applies: trustsStoredSession,
  place: path => storedSessionAt(path) ?? path.sink,
  message: path => `'${path.entryPoint.name}' knows its caller from ${source} and reaches '${path.sink.table}'.`,
  repair: path => ({ kind: 'require-session', ...siteOf(path, storedSessionAt(path) ?? path.entryPoint) }),
});

const source = "'getSession', which reads a cookie and verifies nothing,";

/** The database asks the token itself: what is at stake is what the app does besides. One finding for each such call. */
function behindPolicies(input: CheckInput): readonly CheckFinding[] {
  const guarded = input.paths.filter(path => path.verdict === 'isolated' && isGuarded(path) && asksAsCaller(path));
  const byPlace = new Map<string, JudgedPath[]>();
  for (const path of guarded) {
    const place = storedSessionAt(path) ?? path.sink;
    const key = `${place.file}:${place.line}`;
    byPlace.set(key, [...(byPlace.get(key) ?? []), path]);
  }
  return [...byPlace.values()].flatMap(paths => toFinding(paths, input));
}

function isGuarded({ model }: JudgedPath): boolean {
  return model.client.role === 'authenticated' || model.client.role === 'anon';
}

/** Nobody was verified; a client of the caller's stands for whoever the token says, or for nobody. */
function asksAsCaller(path: JudgedPath): boolean {
  const verified = path.model.facts.some(({ holds, weakness }) => holds.kind === 'signed-in' && weakness === undefined);
  return !verified && storedSessionAt(path) !== undefined;
}

function toFinding(paths: readonly JudgedPath[], { tenancy }: CheckInput): readonly CheckFinding[] {
  const [first] = paths;
  if (first === undefined) return [];
  const { file, line } = storedSessionAt(first) ?? first.sink;
  return [
    {
      subject: `${first.entryPoint.name} session in ${file}`,
      severity: 'low',
      harm: `Anybody who writes the cookie themselves passes for a signed-in user of any ${tenantNoun(tenancy)}; only row security, which asks the token, keeps the rows from them.`,
      message: `'${first.entryPoint.name}' knows its caller from ${source} and leaves the rest to row security.`,
      file,
      line,
      entryPoint: first.entryPoint.name,
      object: first.sink.table,
      pathIds: paths.map(path => path.id),
      evidence: paths.map(path => ({ kind: 'path', pathId: path.id })),
      repair: { kind: 'require-session', ...siteOf(first, { file, line }) },
    },
  ];
}
