import { nameOf } from '../../../model/app/observe/predicates.ts';
import { humanizeName } from '../../harm.ts';
import { observedCheck } from '../../observed.ts';

/** A call to Stripe for a customer, or a customer's object, that the client names. */
export const check = observedCheck({
  id: 'stripe/checkout-for-client-customer',
  title: 'Stripe call for a customer that the client names',
  severity: 'high',
  cwe: 639,
  kind: 'service-call',
  faults: ({ place, method, argument, value, trusted, entryPoint }) =>
    trusted || !(value.kind === 'client' || value.kind === 'tool-argument')
      ? []
      : [
          {
            harm: `Any signed-in user can open any customer's ${thing(method)}.`,
            message: `'${entryPoint}' calls '${method}' with '${nameOf(value)}' as its '${argument}', which nothing ties to the caller's own customer.`,
            entryPoints: [entryPoint],
            repair: { kind: 'own-customer', place, entryPoint, argument },
          },
        ],
});

/** What the call opens: `stripe.billingPortal.sessions.create` → `billing portal`. */
function thing(method: string): string {
  const parts = method.split('.').filter(part => part !== 'stripe' && part !== 'sessions');
  return humanizeName(parts[0] ?? 'payments');
}
