import { requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel } from '../../../model/database/types.ts';
import type { Check } from '../../check.ts';
import { lintFinding, listed } from '../lint.ts';

/** A schema in which everybody, or a role of requests, may make objects: names that functions look up can be planted there. */
export const check: Check = {
  id: 'database/schema-open-for-creation',
  title: 'Schema open for creation',
  severity: 'medium',
  cwe: 426,
  needs: 'database',
  judge: ({ database }) => ({
    findings: (database.facts?.schemas ?? []).flatMap(({ name, create }) => {
      const makers = makersIn(create, database);
      if (makers.length === 0) return [];
      const who = makers.includes('public') ? 'Every role' : listed(makers);
      return [
        lintFinding({
          subject: name,
          message: `${who} may make tables, functions and operators in the schema '${name}'.`,
          harm: `Whoever can run SQL of his own can plant a table or function in '${name}' that a function with more rights then takes for the app's own.`,
          remarks: [
            {
              object: name,
              statement: `grant create on schema ${name} to ${makers.join(', ')}`,
              place: placeOf(name, database),
            },
          ],
          repair: { kind: 'revoke-create', schema: name, roles: makers },
        }),
      ];
    }),
    gaps: [],
  }),
};

function makersIn(create: readonly string[], database: DatabaseModel): readonly string[] {
  const roles = new Set(['public', ...requestRoles(database)]);
  return create.filter(role => roles.has(role)).toSorted();
}

function placeOf(schema: string, { facts }: DatabaseModel) {
  const about = new RegExp(`\\bon\\s+schema\\s[^;]*\\b${schema}\\b`, 'i');
  return facts?.grantStatements.findLast(({ text }) => about.test(text) && /\b(all|create)\b/i.test(text));
}
