import { observedCheck } from '../../observed.ts';

/** A webhook that applies an event again each time it is delivered. Stripe delivers events more than once. */
export const check = observedCheck({
  id: 'stripe/webhook-not-idempotent',
  title: 'Webhook is not idempotent',
  severity: 'medium',
  cwe: 837,
  kind: 'webhook',
  faults: ({ place, entryPoint, provider, idempotent, writes }) =>
    idempotent || !writes
      ? []
      : [
          {
            harm: 'An event that is delivered twice is counted twice.',
            message: `'${entryPoint}' adds to what is stored and does not record which events it has seen.`,
            entryPoints: [entryPoint],
            repair: { kind: 'record-event', place, entryPoint, provider },
          },
        ],
});
