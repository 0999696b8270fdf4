import type { Check } from '../../check.ts';
import { blamedIn, conditionsOf, lintFinding, livePolicies, policyKey, policyRemark } from '../lint.ts';

/** A policy on realtime.messages that does not look at the topic: whoever it lets in may join every private channel. */
export const check: Check = {
  id: 'database/realtime-policy-without-topic',
  title: 'Realtime policy without the topic',
  severity: 'high',
  cwe: 862,
  needs: 'database',
  judge: input => ({
    findings: livePolicies(input.database)
      .filter(
        policy =>
          policy.table === 'realtime.messages' &&
          policy.permissive &&
          policy.roles.some(role => /^(public|anon|authenticated)$/.test(role)) &&
          !conditionsOf(policy).some(condition => /\btopic\b|^false$/.test(condition)) &&
          !blamedIn(input).policies.has(policyKey(policy)),
      )
      .map(policy => {
        const does = policy.command === 'insert' ? 'send to' : policy.command === 'select' ? 'listen to' : 'use';
        const who = policy.roles.includes('authenticated') ? 'Any signed-in user' : 'Anyone on the internet';
        return lintFinding({
          subject: policyKey(policy),
          message: `The policy '${policy.name}' on 'realtime.messages' does not ask for the topic, so it holds for every private channel.`,
          harm: `${who} can ${does} every tenant's private channels.`,
          remarks: [policyRemark(policy)],
        });
      }),
    gaps: [],
  }),
};
