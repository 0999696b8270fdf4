import { basename } from 'node:path';
import type { Check } from '../../check.ts';
import { filled, lintFinding, listed } from '../lint.ts';

/** A secret that migrations write out: it is in the repository for good, and in the catalog for whoever runs SQL. */
export const check: Check = {
  id: 'database/secret-in-migration',
  title: 'Secret in a migration',
  severity: 'high',
  cwe: 798,
  needs: 'database',
  judge: ({ database }) => {
    const secrets = database.facts?.writtenSecrets ?? [];
    const remarks = filled(
      secrets.map(({ kind, ...place }) => ({ object: basename(place.file), statement: `${kind}, written out`, place })),
    );
    if (remarks === undefined) return { findings: [], gaps: [] };
    const kinds = [...new Set(secrets.map(({ kind }) => kind))];
    const files = [...new Set(secrets.map(({ file }) => basename(file)))];
    return {
      findings: [
        lintFinding({
          subject: 'secrets',
          message: `${sentence(kinds)} written out in ${listed(files)}.`,
          harm: kinds.includes(serviceKey)
            ? "Whoever can read the repository, or run SQL in the database, has the key that passes every policy: to read and change every tenant's rows."
            : 'Whoever can read the repository, or run SQL in the database, has the secret and can pass for the app.',
          remarks,
        }),
      ],
      gaps: [],
    };
  },
};

const serviceKey = 'a service key of Supabase';

function sentence(kinds: readonly string[]): string {
  const words = kinds.join(' and ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} ${kinds.length === 1 ? 'is' : 'are'}`;
}
