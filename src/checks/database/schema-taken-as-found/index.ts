import { requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel, TakenAsFound } from '../../../model/database/types.ts';
import type { Check } from '../../check.ts';
import { filled, lintFinding, listed } from '../lint.ts';

/** A schema made with `if not exists` where a role of requests may make schemas: one that was there before is its maker's. */
export const check: Check = {
  id: 'database/schema-taken-as-found',
  title: 'Schema taken as found',
  severity: 'medium',
  cwe: 426,
  needs: 'database',
  judge: ({ database }) => {
    const makers = makersIn(database);
    const taken = filled(makers.length === 0 ? [] : takenIn(database));
    if (taken === undefined) return { findings: [], gaps: [] };
    const [first, ...rest] = taken;
    const names = taken.map(({ name }) => name);
    const who = makers.includes('public') ? 'Every role' : listed(makers);
    return {
      findings: [
        lintFinding({
          subject: 'schemas',
          message: `${who} may make schemas in the database, and ${listed(names)} ${names.length === 1 ? 'is' : 'are'} taken as found where somebody made ${names.length === 1 ? 'it' : 'them'} before.`,
          harm: 'The owner of a schema may drop, replace and own whatever is made in it: tables of the app, and functions that run with more rights.',
          remarks: [remarkOf(first), ...rest.map(remarkOf)],
          repair: { kind: 'revoke-create-schema', roles: makers, schemas: names },
        }),
      ],
      gaps: [],
    };
  },
};

function makersIn(database: DatabaseModel): readonly string[] {
  const roles = new Set(['public', ...requestRoles(database)]);
  return (database.facts?.schemaMakers ?? []).filter(role => roles.has(role)).toSorted();
}

/** Schemas that are there, made after the database was opened. */
function takenIn({ facts }: DatabaseModel): readonly TakenAsFound[] {
  const known = new Set(facts?.schemas.map(({ name }) => name));
  const opening = (facts?.grantStatements ?? []).findIndex(({ text }) => /\bon\s+database\b/i.test(text));
  return (facts?.takenAsFound ?? []).filter(
    ({ what, name, grantsBefore }) => what === 'schema' && known.has(name) && grantsBefore > opening,
  );
}

function remarkOf({ name, file, line, endLine }: TakenAsFound) {
  return {
    object: name,
    statement: `create schema if not exists ${name}`,
    place: { file, line, ...(endLine === undefined ? {} : { endLine }) },
  };
}
