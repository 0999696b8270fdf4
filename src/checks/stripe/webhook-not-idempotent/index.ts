import { isRepeatable } from '../../../model/app/observe/webhooks.ts';
import { atoms } from '../../../model/app/value.ts';
import type { CheckInput, JudgedPath } from '../../check.ts';
import { observedCheck } from '../../observed.ts';

/** A webhook that applies an event again each time it is delivered. Stripe delivers events more than once. */
export const check = observedCheck({
  id: 'stripe/webhook-not-idempotent',
  title: 'Webhook is not idempotent',
  severity: 'medium',
  cwe: 837,
  kind: 'webhook',
  faults: ({ place, entryPoint, provider, verified, idempotent, writes }, input) =>
    !verified ||
    idempotent ||
    !writes ||
    input.paths.filter(path => path.entryPoint.name === entryPoint).every(path => isHarmlessTwice(path, input))
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

/** It sets values, or inserts under a unique key that the event fills: the second time finds the row there. */
function isHarmlessTwice({ model }: JudgedPath, { database }: CheckInput): boolean {
  const { query } = model;
  if (query.operation !== 'insert') return isRepeatable(model);
  const fromEvent = query.values
    .filter(({ value }) => atoms(value).some(term => term.kind === 'event'))
    .map(({ column }) => column);
  const keys = database.tables.find(table => table.name === query.table)?.uniqueKeys ?? [];
  return keys.some(([column, ...more]) => column !== undefined && more.length === 0 && fromEvent.includes(column));
}
