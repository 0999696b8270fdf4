import { observedCheck } from '../../observed.ts';

/** A webhook of another service than Stripe believes whatever is posted to it. */
export const check = observedCheck({
  id: 'path/webhook-sender-not-verified',
  title: 'Sender of a webhook is not verified',
  severity: 'critical',
  cwe: 345,
  kind: 'webhook',
  faults: ({ place, entryPoint, provider, verified, writes }) =>
    verified || !writes || provider === 'stripe'
      ? []
      : [
          {
            harm: 'Anyone on the internet can send a made-up event and change rows of any customer with it.',
            message: `'${entryPoint}' changes rows by events and never checks who sent them.`,
            entryPoints: [entryPoint],
            repair: { kind: 'verify-webhook', place, entryPoint, provider },
          },
        ],
});
