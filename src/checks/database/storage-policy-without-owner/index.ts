import type { Check } from '../../check.ts';
import { commandsOf, findingsOf, leaksOf, policyText } from '../leaks.ts';

/** A policy on storage.objects that does not tie the file's path or owner to the caller. */
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
        subject: leak =>
          `${leak.cell.bucket ?? ''} ${'policy' in leak ? (leak.policy?.name ?? leak.cell.command) : ''}`,
        place: leak => ('policy' in leak ? leak.policy?.definedAt : undefined),
        message: leaks => {
          const [first] = leaks;
          const name = 'policy' in first ? (first.policy?.name ?? first.cell.command) : '';
          return `The policy '${name}' lets the caller ${commandsOf(leaks)} files of another tenant in the bucket '${first.cell.bucket ?? ''}'.`;
        },
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
