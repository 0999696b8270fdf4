import type { Finding } from '../../core/finding.ts';
import type { Policy } from '../../model/database/types.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { namesCaller, quoted, quotedName, recreatePolicy } from '../idioms/policy.ts';
import { hint, migration } from './statements.ts';

/**
 * Ties a policy on files to the first folder of their path, which has to be the caller's id or that of one of his
 * tenants, as Supabase documents it. https://supabase.com/docs/guides/storage/security/access-control
 */
export function narrowFiles(finding: Finding, context: FixContext): Draft | Refused {
  const objects = context.database.tables.find(table => table.name === 'storage.objects');
  const policy = objects?.policies.find(each => each.name === hint(finding, 'policy'));
  if (policy === undefined) return { refused: 'The policy is not in the database model.' };
  const drop = `drop policy ${quotedName(policy.name)} on storage.objects;`;
  return migration(
    {
      name: 'narrow_file_policies',
      up: [drop, recreatePolicy(narrowed(policy, context))],
      down: [drop, recreatePolicy(policy)],
    },
    {
      title: `Narrow '${policy.name}' to the caller's own files`,
      explanation:
        "A file is the caller's when the first folder of its path is his id or the id of a tenant of his, or when he uploaded it.",
    },
  );
}

function narrowed(policy: Policy, context: FixContext): Policy {
  const folder = ownFolder(context);
  const file = `${folder} or owner_id = (select auth.uid())::text`;
  const writes = policy.command === 'update' || policy.command === 'all';
  const check = policy.check ?? (writes ? policy.using : undefined);
  return {
    ...policy,
    ...(policy.using === undefined ? {} : { using: `${policy.using} and (${file})` }),
    // Who uploads a file is its owner, wherever he puts it.
    ...(check === undefined ? {} : { check: `${check} and (${folder})` }),
  };
}

function ownFolder({ tenancy, database }: FixContext): string {
  const folder = '(storage.foldername(name))[1]';
  const tenants = tenancy.memberships.slice(0, 1).map(membership => {
    const [tenant, table] = [quoted(membership.tenantColumn), quoted(membership.table)];
    return `${folder} in (select ${tenant}::text from ${table} where ${namesCaller(membership, database)})`;
  });
  return [`${folder} = (select auth.uid())::text`, ...tenants].join(' or ');
}
