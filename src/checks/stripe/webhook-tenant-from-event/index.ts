import type { JudgedPath } from '../../check.ts';
import { humanizeTable, isOwned } from '../../harm.ts';
import { observedCheck } from '../../observed.ts';

/** A webhook that finds the tenant by what a payer can choose: their e-mail address, or metadata that nobody vouches for. */
export const check = observedCheck({
  id: 'stripe/webhook-tenant-from-event',
  title: 'Webhook takes the tenant from the event',
  severity: 'high',
  cwe: 639,
  kind: 'webhook',
  faults: ({ entryPoint, tenantBy }, { tenancy, paths }) =>
    tenantBy.flatMap(({ by, place, table }) =>
      (by !== 'email' && by !== 'metadata') ||
      !(isOwned(tenancy, table) || table === tenancy.root?.table || table === tenancy.principal?.table)
        ? []
        : [
            {
              harm: `Someone who pays with another customer's ${by === 'email' ? 'e-mail address' : 'id in the metadata'} changes that customer's ${humanizeTable(changedBy(entryPoint, paths) ?? table)}.`,
              message: `The webhook finds the row of '${table}' by the event's ${by === 'email' ? 'e-mail address' : 'metadata'}, not by the customer id that was stored.`,
              entryPoints: [entryPoint],
              object: table,
              place,
              repair: { kind: 'map-by-customer', place, entryPoint, by, table },
            },
          ],
    ),
});

/** The table that the webhook changes in the end; the row that the event named may only lead there. */
function changedBy(entryPoint: string, paths: readonly JudgedPath[]): string | undefined {
  const writes = paths.filter(path => path.entryPoint.name === entryPoint && path.model.query.operation === 'update');
  return writes.at(-1)?.sink.table;
}
