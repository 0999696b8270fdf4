import type { Check } from '../../check.ts';
import { blamedIn, lintFinding, listed, readersOf } from '../lint.ts';

/** A foreign table that requests may use: it cannot have policies, so everything behind it is open to them. */
export const check: Check = {
  id: 'database/foreign-table-open',
  title: 'Foreign table open to requests',
  severity: 'medium',
  cwe: 862,
  needs: 'database',
  judge: input => ({
    findings: input.database.tables
      .filter(table => table.kind === 'foreign-table' && !blamedIn(input).objects.has(table.name))
      .flatMap(table => {
        const { database } = input;
        const roles = readersOf(table, database);
        if (roles.length === 0) return [];
        return [
          lintFinding({
            subject: table.name,
            message: `'${table.name}' is a foreign table, which no policy can protect, and ${listed(roles)} may read all of it.`,
            harm: `${roles.includes('anon') ? 'Anyone on the internet' : 'Any signed-in user'} can read everything that the other server shows as '${table.name}'.`,
            remarks: [
              {
                object: table.name,
                statement: `grant select on ${table.name} to ${roles.join(', ')}`,
                place: table.definedAt,
              },
            ],
            repair: { kind: 'revoke-all', object: table.name, roles },
          }),
        ];
      }),
    gaps: [],
  }),
};
