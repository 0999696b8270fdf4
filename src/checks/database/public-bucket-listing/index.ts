import { field, nodesOfCondition, textsOf } from '../../../logic/condition-tree.ts';
import type { DatabaseModel, Policy } from '../../../model/database/types.ts';
import { appRoles } from '../../../model/tenancy/app-roles.ts';
import { isFilledByStaff } from '../../../model/tenancy/published.ts';
import type { Check, CheckInput } from '../../check.ts';
import { isAboutBucket } from '../leaks.ts';
import { blamedIn, lintFinding, listed, livePolicies, policyKey, policyRemark } from '../lint.ts';

/** A policy that lets everybody list a public bucket: files are served without it, and their names need not be. */
export const check: Check = {
  id: 'database/public-bucket-listing',
  title: 'Public bucket can be listed',
  severity: 'low',
  cwe: 200,
  needs: 'database',
  judge: input => ({ findings: findings(input), gaps: [] }),
};

function findings(input: CheckInput) {
  const { policies } = blamedIn(input);
  return livePolicies(input.database).flatMap(policy => {
    if (policy.table !== 'storage.objects' || policies.has(policyKey(policy))) return [];
    const buckets = listedBuckets(policy, input.database).filter(bucket => !isFilledForEverybody(bucket, input));
    if (buckets.length === 0) return [];
    const isAlone = policy.command === 'select' && everyBucketIsPublic(policy, input.database);
    return [
      lintFinding({
        subject: policyKey(policy),
        message: `The policy '${policy.name}' lets ${policy.roles.includes('authenticated') ? 'every signed-in user' : 'anyone on the internet'} list the files of the public ${buckets.length === 1 ? 'bucket' : 'buckets'} ${listed(buckets)}.`,
        harm: `A file in a public bucket is as private as its name, and the names in ${listed(buckets)} can be listed.`,
        remarks: [policyRemark(policy)],
        ...(isAlone ? { repair: { kind: 'drop-policy', table: policy.table, policy: policy.name } } : {}),
      }),
    ];
  });
}

/** Public buckets of which the policy shows every file: it asks for the bucket at most. */
function listedBuckets(policy: Policy, { buckets }: DatabaseModel): readonly string[] {
  if (!policy.permissive || (policy.command !== 'select' && policy.command !== 'all')) return [];
  if (!policy.roles.some(role => /^(public|anon|authenticated)$/.test(role)) || !asksForBucketOnly(policy)) return [];
  const named = bucketsNamedBy(policy);
  return buckets
    .filter(bucket => bucket.public && (named.length === 0 || named.includes(bucket.name)))
    .map(({ name }) => name);
}

/** What only the app's staff puts into a public bucket is meant for everybody, names and all. */
function isFilledForEverybody(bucket: string, { database, tenancy }: CheckInput): boolean {
  const about = livePolicies(database).filter(
    policy => policy.table === 'storage.objects' && isAboutBucket(policy, bucket),
  );
  return isFilledByStaff(about, appRoles(database, tenancy));
}

function asksForBucketOnly({ using }: Policy): boolean {
  const nodes = nodesOfCondition(using ?? 'true');
  return (
    nodes?.every(node => {
      if (node.kind === 'SubLink') return false;
      if (node.kind === 'FuncCall') return /^auth\.role$/.test(textsOf(node.body['funcname']).join('.'));
      return node.kind !== 'ColumnRef' || textsOf(node.body['fields']).at(-1) === 'bucket_id';
    }) === true
  );
}

function bucketsNamedBy({ using }: Policy): readonly string[] {
  const nodes = (using ?? '').includes('bucket_id') ? (nodesOfCondition(using ?? 'true') ?? []) : [];
  return nodes.flatMap(node => {
    const value = field(field(node.body, 'sval'), 'sval');
    return node.kind === 'A_Const' && typeof value === 'string' && !/^(anon|authenticated)$/.test(value) ? [value] : [];
  });
}

function everyBucketIsPublic(policy: Policy, { buckets }: DatabaseModel): boolean {
  const named = bucketsNamedBy(policy);
  return named.length > 0 && named.every(name => buckets.some(bucket => bucket.name === name && bucket.public));
}
