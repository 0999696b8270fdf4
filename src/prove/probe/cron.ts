import { makeReplay } from './attacks.ts';
import type { Lab } from './lab.ts';
import { buildStep, type Target } from './plan.ts';
import type { ReplayStep, ReplayValue } from './replay.ts';
import type { SystemPlan } from './webhooks.ts';

/** A scheduled job: with its secret as the scheduler calls it, and without as anybody may. */
export function cronPlan(lab: Lab, target: Target): SystemPlan {
  const bare = buildStep(target, 'anonymous', () => 'B', lab);
  if (bare?.kind !== 'http') return { own: [], attacks: [] };
  return {
    own: [{ steps: [withSecret(lab, bare)], words: 'called with its secret' }],
    attacks: [
      {
        target,
        variant: 'no-secret',
        words: 'called without its secret',
        replay: makeReplay(target, [bare], { kind: 'unchanged' }),
      },
    ],
  };
}

function withSecret(lab: Lab, step: Extract<ReplayStep, { kind: 'http' }>): ReplayStep {
  const name = Object.keys(lab.environment).find(candidate => /CRON|SCHEDUL|JOB/.test(candidate)) ?? 'CRON_SECRET';
  const secret: ReplayValue = { ref: `environment.${name}` };
  return { ...step, headers: { ...step.headers, authorization: ['Bearer ', secret], 'x-cron-secret': secret } };
}
