import { groupBy } from '../../../core/group.ts';
import type { Check } from '../../check.ts';
import { quoteAll } from '../../harm.ts';
import { commandsOf, findingsOf, leaksOf, policyText, type Leak } from '../leaks.ts';

/**
 * A policy on storage.objects that does not tie the file's path or owner to the caller. One finding for each policy, with
 * the buckets that it opens: what a founder repairs is one policy, at one line, and that closes it for all of its buckets.
 * What a bucket's other policies open stands in findings of their own, and stays when this one is gone.
 */
export const check: Check = {
  id: 'database/storage-policy-without-owner',
  title: 'Storage policy without an owner',
  severity: 'high',
  cwe: 639,
  needs: 'database',
  judge: input => ({
    findings: findingsOf(
      leaksOf(input).filter(leak => leak.cause === 'storage'),
      input,
      {
        subject: leak => policyOf(leak) ?? `${leak.cell.bucket ?? ''} ${leak.cell.command}`,
        place: leak => ('policy' in leak ? leak.policy?.definedAt : undefined),
        message: leaks =>
          `The policy '${policyOf(leaks[0]) ?? leaks[0].cell.command}' lets the caller ${openings(leaks).join(', and ')}.`,
        repair: leak => ({
          kind: 'replace-policy',
          table: 'storage.objects',
          ...('policy' in leak && leak.policy !== undefined
            ? { policy: leak.policy.name, command: leak.policy.command }
            : {}),
          bucket: leak.cell.bucket ?? '',
        }),
        statement: leak => ('policy' in leak ? policyText(leak.policy) : undefined),
      },
    ),
    gaps: [],
  }),
};

function policyOf(leak: Leak): string | undefined {
  return 'policy' in leak ? leak.policy?.name : undefined;
}

/** What can be done where: buckets with which the same can be done together. */
function openings(leaks: readonly Leak[]): readonly string[] {
  const byBucket = groupBy(leaks, ({ cell }) => cell.bucket ?? '');
  const byCommands = groupBy([...byBucket], ([, those]) => commandsOf(those));
  return [...byCommands].map(([commands, buckets], index) => {
    const names = buckets.map(([name]) => name);
    const files = index === 0 ? 'files of another tenant' : 'those';
    return `${commands} ${files} in the ${names.length === 1 ? 'bucket' : 'buckets'} ${quoteAll(names)}`;
  });
}
