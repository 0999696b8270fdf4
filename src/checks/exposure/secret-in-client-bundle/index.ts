import { observedCheck } from '../../observed.ts';

/** A secret in the JavaScript that every visitor downloads. */
export const check = observedCheck({
  id: 'exposure/secret-in-client-bundle',
  title: 'Secret in the client bundle',
  severity: 'critical',
  cwe: 798,
  kind: 'client-secret',
  faults: ({ place, secret, how, chain }) => {
    const [first] = chain;
    const way =
      first === undefined || first.file === place.file ? '' : `, and '${first.file}' brings it to the browser`;
    return [
      {
        harm: `Anyone who opens the site can read '${secret}' in its JavaScript.`,
        message: `'${place.file}' uses '${secret}': ${how}${way}.`,
        entryPoints: [],
        repair: { kind: 'server-only', place, secret, chain },
      },
    ];
  },
});
