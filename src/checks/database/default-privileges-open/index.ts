import type { DatabaseModel, DefaultGrant } from '../../../model/database/types.ts';
import type { Check, CheckFinding } from '../../check.ts';
import { filled, lintFinding, listed } from '../lint.ts';

/** Default privileges that give everybody, or visitors who are not signed in, a privilege on every table made later. */
export const check: Check = {
  id: 'database/default-privileges-open',
  title: 'Default privileges open future tables',
  severity: 'medium',
  cwe: 732,
  needs: 'database',
  judge: ({ database }) => ({ findings: findings(database), gaps: [] }),
};

function findings(database: DatabaseModel): readonly CheckFinding[] {
  const open = (database.facts?.defaultGrants ?? []).filter(grant => isOpen(grant, database));
  const groups = new Map<string, DefaultGrant[]>();
  for (const grant of open) {
    const key = `${grant.role} ${grant.schema ?? ''}`;
    groups.set(key, [...(groups.get(key) ?? []), grant]);
  }
  return [...groups.values()].flatMap(group => {
    const grants = filled(group);
    if (grants === undefined) return [];
    const [first] = grants;
    const privileges = [...new Set(grants.map(grant => grant.privilege))];
    const where = first.schema === undefined ? 'in any schema' : `in '${first.schema}'`;
    const whom = first.role === 'public' ? 'every role' : `'${first.role}'`;
    return [
      lintFinding({
        subject: `${first.role} ${first.schema ?? ''}`,
        message: `Every table that '${first.maker}' makes ${where} from now on comes with ${listed(privileges)} for ${whom}.`,
        harm: `A table added later is open to ${first.role === 'anon' ? 'visitors who are not signed in' : 'every role of the database'} until somebody thinks of its row security.`,
        remarks: [
          {
            object: first.schema ?? 'public',
            statement: `alter default privileges${first.schema === undefined ? '' : ` in schema ${first.schema}`} grant ${privileges.join(', ')} on tables to ${first.role}`,
            place: first.definedAt,
          },
        ],
        repair: {
          kind: 'revoke-default',
          role: first.role,
          privileges,
          ...(first.schema === undefined ? {} : { schema: first.schema }),
        },
      }),
    ];
  });
}

/** What Supabase sets up itself is the platform's: it opens `public` to its API roles, and relies on row security. */
function isOpen({ objects, role, schema }: DefaultGrant, { platform }: DatabaseModel): boolean {
  if (objects !== 'tables' || (role !== 'public' && role !== 'anon')) return false;
  return !(
    platform === 'supabase' &&
    role === 'anon' &&
    /^(public|graphql|graphql_public|storage)$/.test(schema ?? '')
  );
}
