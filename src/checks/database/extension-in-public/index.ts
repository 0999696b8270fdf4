import type { Check } from '../../check.ts';
import { filled, lintFinding, listed } from '../lint.ts';

/** Extensions in the schema that Supabase's API shows: their functions can be called by everybody who reaches it. */
export const check: Check = {
  id: 'database/extension-in-public',
  title: 'Extension in public',
  severity: 'low',
  cwe: 732,
  needs: 'database',
  judge: ({ database }) => {
    const shown = (database.facts?.extensions ?? []).filter(
      ({ schema }) => database.platform === 'supabase' && schema === 'public',
    );
    const remarks = filled(
      shown.map(({ name, definedAt }) => ({
        object: name,
        statement: `create extension ${name} with schema public`,
        place: definedAt,
      })),
    );
    if (remarks === undefined) return { findings: [], gaps: [] };
    const names = listed(shown.map(({ name }) => name));
    return {
      findings: [
        lintFinding({
          subject: 'extensions',
          message: `The ${shown.length === 1 ? 'extension' : 'extensions'} ${names} ${shown.length === 1 ? 'is' : 'are'} in the schema 'public', so ${shown.length === 1 ? 'its' : 'their'} functions are part of the API.`,
          harm: `Anyone on the internet can call the functions of ${names} through the API.`,
          remarks,
          repair: { kind: 'move-extensions', extensions: shown.map(({ name }) => name) },
        }),
      ],
      gaps: [],
    };
  },
};
