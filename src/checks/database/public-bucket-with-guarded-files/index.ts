import { opensFor } from '../../../core/rules.ts';
import { nodesOfCondition, textsOf, type TreeNode } from '../../../logic/condition-tree.ts';
import type { DatabaseModel, Policy } from '../../../model/database/types.ts';
import type { Check, CheckInput } from '../../check.ts';
import { tenantNoun } from '../../harm.ts';
import { isAboutBucket } from '../leaks.ts';
import { lintFinding, livePolicies, policyKey, policyRemark } from '../lint.ts';

/** A public bucket whose files policies keep for some: its public address asks no policy. */
export const check: Check = {
  id: 'database/public-bucket-with-guarded-files',
  title: 'Public bucket with guarded files',
  severity: 'high',
  cwe: 552,
  needs: 'database',
  judge: input => ({
    findings: input.database.buckets.filter(bucket => bucket.public).flatMap(({ name }) => findingFor(name, input)),
    gaps: [],
  }),
};

function findingFor(bucket: string, { database, tenancy }: CheckInput) {
  const readers = livePolicies(database).filter(
    policy =>
      policy.table === 'storage.objects' &&
      policy.permissive &&
      isAboutBucket(policy, bucket) &&
      opensFor(policy, 'select', ['anon', 'authenticated']),
  );
  // What one policy shows to all is not kept by another.
  if (!readers.every(({ using }) => callsIn(using).some(name => asksForCaller(name, database)))) return [];
  const guarding = readers.filter(policy => guardOf(policy, database) !== undefined);
  const [policy] = guarding.toSorted((left, right) => weight(right, database) - weight(left, database));
  if (policy === undefined || weight(policy, database) === 0) return [];
  return [
    lintFinding({
      subject: `${bucket} ${policyKey(policy)}`,
      message: `The policy '${policy.name}' leaves the files in '${bucket}' to ${guardOf(policy, database) === 'membership' ? `members of their ${tenantNoun(tenancy)}` : 'their owners'}, but the bucket is public and serves them without asking it.`,
      harm: `Anyone on the internet who has or guesses the address of a file in '${bucket}' can read it.`,
      remarks: [policyRemark(policy)],
      ...(weight(policy, database) > 1 ? {} : { severity: 'medium' as const }),
    }),
  ];
}

/** How sure it is that reading was to be restricted; 0 where the policy may be about writing alone. */
function weight(policy: Policy, database: DatabaseModel): number {
  return (policy.command === 'select' ? 1 : 0) + (guardOf(policy, database) === 'membership' ? 1 : 0);
}

/** What ties the file to who asks: a membership that is looked up, or the caller's own key; undefined where nothing does. */
function guardOf({ using = 'true' }: Policy, database: DatabaseModel): 'membership' | 'own' | undefined {
  const nodes = nodesOfCondition(using) ?? [];
  const isAboutFile = nodes.some(
    node =>
      node.kind === 'ColumnRef' &&
      /^(name|owner|owner_id|path_tokens)$/.test(textsOf(node.body['fields']).at(-1) ?? ''),
  );
  const asking = callsIn(using).filter(name => asksForCaller(name, database));
  if (!isAboutFile || asking.length === 0) return undefined;
  const isLookUp = nodes.some(isReadingTable) || asking.some(name => !isPlatforms(name));
  return isLookUp ? 'membership' : 'own';
}

function callsIn(condition = 'true'): readonly string[] {
  return (nodesOfCondition(condition) ?? []).filter(node => node.kind === 'FuncCall').map(nameOf);
}

function nameOf(node: TreeNode): string {
  return textsOf(node.body['funcname'])
    .join('.')
    .replace(/^public\./, '');
}

function isPlatforms(name: string): boolean {
  return /^auth\.(uid|jwt|email)$/.test(name);
}

/** The platform's functions, and those of the app that call one. */
function asksForCaller(name: string, { functions }: DatabaseModel): boolean {
  return (
    isPlatforms(name) ||
    functions.some(definition => definition.name === name && /\bauth\.(uid|jwt|email)\b/.test(definition.body))
  );
}

function isReadingTable(node: TreeNode): boolean {
  return node.kind === 'RangeVar';
}
