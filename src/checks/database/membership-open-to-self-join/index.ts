import type { DatabaseModel } from '../../../model/database/types.ts';
import { appRoles } from '../../../model/tenancy/app-roles.ts';
import type { Check } from '../../check.ts';
import { isPromotion, policyFindings } from '../leaks.ts';

/** A user may write himself into the table that other policies ask: from then on every one of them lets him in. */
export const check: Check = {
  id: 'database/membership-open-to-self-join',
  title: 'Membership open to self-join',
  severity: 'critical',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: policyFindings(input, 'self-join', (policy, leaks) => {
      const table = leaks[0]?.table.name ?? '';
      const consequence = /After that it read .*$/.exec(
        leaks.map(({ cell }) => cell.because).find(because => because.includes('After that')) ?? '',
      )?.[0];
      if (leaks.every(isPromotion))
        return `The policy ${policy} on '${table}' lets an ordinary member make himself an administrator of his tenant.`;
      const isOfApp = appRoles(input.database, input.tenancy).some(roles => roles.table === table);
      const deed = isOfApp ? 'give himself a role of the whole app' : 'write a row for himself in any tenant';
      const trust = isAskedElsewhere(table, input.database)
        ? `other policies trust '${table}'`
        : `the app takes his tenant from '${table}'`;
      return `The policy ${policy} on '${table}' lets a user ${deed}, and ${trust}.${consequence === undefined ? '' : ` ${consequence}`}`;
    }),
    gaps: [],
  }),
};

/** Whether a policy of another table names it, or a function that policies may call. */
function isAskedElsewhere(name: string, { tables, functions }: DatabaseModel): boolean {
  const word = new RegExp(`\\b${name.slice(name.lastIndexOf('.') + 1).replaceAll(/\W/g, '\\$&')}\\b`);
  const conditions = tables
    .filter(table => table.name !== name)
    .flatMap(({ policies }) => policies.map(({ using = '', check = '' }) => `${using} ${check}`));
  return [...conditions, ...functions.map(({ body }) => body)].some(text => word.test(text));
}
