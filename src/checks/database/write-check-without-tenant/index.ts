import type { Check } from '../../check.ts';
import { commandsOf, policyFindings, type PolicyLeak } from '../leaks.ts';

/** What could be read after the write. */
function consequenceOf(leaks: readonly PolicyLeak[]): string {
  const told = leaks
    .map(({ cell }) => /After that it read .*$/.exec(cell.because)?.[0])
    .find(text => text !== undefined);
  return told === undefined ? '' : ` ${told}`;
}

/** A policy that does not ask whose row the new row is: rows can be written, or moved, into another tenant. */
export const check: Check = {
  id: 'database/write-check-without-tenant',
  title: 'Write check without the tenant',
  severity: 'high',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: policyFindings(input, 'write-check', (policy, leaks, whose) => {
      const isBelow = leaks.every(({ cell }) => cell.because.includes('below a row of tenant B'));
      const row = isBelow
        ? "of the caller's own below one of another tenant"
        : (whose ?? 'that belongs to another tenant');
      return `The policy ${policy} on '${leaks[0]?.table.name ?? ''}' lets ${commandsOf(leaks)} write a row ${row}.${consequenceOf(leaks)}`;
    }),
    gaps: [],
  }),
};
