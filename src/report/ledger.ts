import { isAbsolute, join } from 'node:path';
import type { RescueResult } from '../core/result.ts';
import { count, grouped } from './words.ts';

/** One figure of a rescue, before and after. */
export interface LedgerRow {
  readonly label: string;
  readonly before: string;
  readonly after: string;
  /** The figure is where it should be after the rescue. */
  readonly reached: boolean;
}

/** What a rescue came to, in one sentence. */
export function rescueSentence({ before, after }: RescueResult): string {
  if (after.leaksExploited > 0)
    return `${after.leaksExploited} of ${before.leaksExploited} leaks can still be exploited.`;
  if (after.ownAccessWorking < before.ownAccessWorking)
    return 'No attack gets through, but some owners lost their own access.';
  if (before.leaksExploited === 0) return 'No attack got through, before or after.';
  return `${count(before.leaksExploited, 'leak')} could be exploited. Now none can, and owners keep their access.`;
}

/** The rows of the ledger, the same in the terminal and in the HTML report. */
export function ledgerRows({ before, after }: RescueResult): readonly LedgerRow[] {
  const of = (part: number, whole: number): string => `${grouped(part)}/${grouped(whole)}`;
  return [
    {
      label: 'leaks exploited',
      before: grouped(before.leaksExploited),
      after: grouped(after.leaksExploited),
      reached: after.leaksExploited === 0,
    },
    {
      label: 'attacks tried',
      before: grouped(before.attacks),
      after: grouped(after.attacks),
      reached: after.attacks >= before.attacks,
    },
    {
      label: 'own access working',
      before: of(before.ownAccessWorking, before.ownAccessChecks),
      after: of(after.ownAccessWorking, after.ownAccessChecks),
      reached: after.ownAccessWorking >= before.ownAccessWorking,
    },
    {
      label: 'leaking paths in the code',
      before: grouped(before.leakingPaths),
      after: grouped(after.leakingPaths),
      reached: after.leakingPaths === 0,
    },
    {
      label: 'leaking cells in the database',
      before: grouped(before.leakingCells),
      after: grouped(after.leakingCells),
      reached: after.leakingCells === 0,
    },
    {
      label: 'tables under policy',
      before: of(before.tablesUnderPolicy, before.tenantTables),
      after: of(after.tablesUnderPolicy, after.tenantTables),
      reached: after.tablesUnderPolicy === after.tenantTables,
    },
  ];
}

/** The repaired copy: a repository of its own, below the rescue's folder. */
export function copyFolder(result: RescueResult): string {
  return join(rescueFolder(result), 'app');
}

/** Where the page of a rescue lies: beside the repaired copy, not in it. */
export function reportFile(result: RescueResult): string {
  return join(rescueFolder(result), 'report.html');
}

function rescueFolder({ target, workFolder }: RescueResult): string {
  return isAbsolute(workFolder) ? workFolder : join(target, workFolder);
}
