import { observedCheck } from '../../observed.ts';

/** The browser's JavaScript contains, or would contain, the code that talks to the database. */
export const check = observedCheck({
  id: 'exposure/database-driver-in-client-bundle',
  title: 'Database driver in the client bundle',
  severity: 'medium',
  cwe: 668,
  kind: 'client-driver',
  faults: ({ place, driver, chain }) => {
    const [first] = chain;
    const way =
      first === undefined || first.file === place.file ? '' : `, and '${first.file}' brings it to the browser`;
    return [
      {
        harm: 'Code that was written for the server is sent to every visitor, with the names of tables and columns in it.',
        message: `'${place.file}' imports '${driver}'${way}.`,
        entryPoints: [],
      },
    ];
  },
});
