import { tenantNoun } from '../../harm.ts';
import { observedCheck } from '../../observed.ts';

/** A setting that policies compare with is made for the whole session: the connection goes back to the pool with it. */
export const check = observedCheck({
  id: 'path/session-setting-outlives-request',
  title: 'Setting outlives the request',
  severity: 'high',
  cwe: 488,
  kind: 'session-setting',
  faults: ({ name, entryPoint }, { tenancy }) => [
    {
      harm: `A later request on the same connection reads and writes rows of the ${tenantNoun(tenancy)} that used it before.`,
      message: `'${entryPoint}' sets '${name}' for the session and not for one transaction, and the pool hands the connection on.`,
      entryPoints: [entryPoint],
    },
  ],
});
