import { observedCheck } from '../../observed.ts';

/** A webhook that believes whatever is posted to it: anyone can send it an event. */
export const check = observedCheck({
  id: 'stripe/webhook-not-verified',
  title: 'Webhook is not verified',
  severity: 'critical',
  cwe: 345,
  kind: 'webhook',
  faults: ({ place, entryPoint, provider, verified, writes }) =>
    verified || !writes || provider !== 'stripe'
      ? []
      : [
          {
            harm: 'Anyone on the internet can send a made-up payment event and change what a customer has paid for.',
            message: `'${entryPoint}' changes rows by events whose signature it does not check.`,
            entryPoints: [entryPoint],
            repair: { kind: 'verify-webhook', place, entryPoint, provider },
          },
        ],
});
