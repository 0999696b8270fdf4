import type { Finding } from '../../core/finding.ts';
import { rolesOfRole } from '../../logic/roles.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { quoted } from '../idioms/policy.ts';
import { grantOtherColumns } from './database-lints.ts';
import { hint, hints, migration } from './statements.ts';

/** Takes from a role what lets it pass policies: BYPASSRLS, or its membership in a role that they do not bind. */
export function bindRole(finding: Finding, { database }: FixContext): Draft | Refused {
  const role = database.roles.find(each => each.name === hint(finding, 'role'));
  const above = hint(finding, 'above');
  if (role === undefined) return { refused: 'The role is not in the database model.' };
  const name = quoted(role.name);
  const through = role.memberOf.find(each => above !== undefined && rolesOfRole(each, database).has(above));
  if (above !== undefined && through === undefined)
    return { refused: `How '${role.name}' comes to the rights of '${above}' is not known.` };
  const [up, down] =
    through === undefined
      ? [`alter role ${name} nobypassrls;`, `alter role ${name} bypassrls;`]
      : [`revoke ${quoted(through)} from ${name};`, `grant ${quoted(through)} to ${name};`];
  return migration(
    { name: `bind_${role.name}`, up: [up], down: [down] },
    {
      title: `Let policies bind ${role.name}`,
      explanation:
        'Requests run under this role, and no policy applied to them; what is to pass policies runs under a role of its own.',
    },
  );
}

/** Takes EXECUTE on functions away from roles; those that had it as everybody has it get it for themselves. */
export function closeFunctions(finding: Finding, { database }: FixContext): Draft | Refused {
  const named = new Set(hints(finding, 'functions'));
  const roles = hints(finding, 'roles');
  const kept = hints(finding, 'keep');
  const up: string[] = [];
  const down: string[] = [];
  for (const target of database.functions.filter(each => named.has(each.signature))) {
    const holds = (role: string): boolean => target.grants.some(grant => grant.role === role);
    const on = `on function ${target.signature}`;
    const taken = ['public', ...roles].filter(holds);
    const given = holds('public') ? kept.filter(role => !holds(role)) : [];
    if (taken.length === 0) continue;
    up.push(`revoke execute ${on} from ${taken.map(whom).join(', ')};`);
    down.unshift(`grant execute ${on} to ${taken.map(whom).join(', ')};`);
    if (given.length === 0) continue;
    up.push(`grant execute ${on} to ${given.map(whom).join(', ')};`);
    down.unshift(`revoke execute ${on} from ${given.map(whom).join(', ')};`);
  }
  if (up.length === 0) return { refused: 'The functions are not in the database model.' };
  return migration(
    { name: 'close_functions', up, down },
    {
      title: `Let ${roles.join(' and ')} call these functions no more`,
      explanation:
        'Everybody may execute a function unless that is revoked; those who are signed in, and the server, still may.',
    },
  );
}

/** Lets members change their membership, but not what they may do by it. */
export function keepRole(finding: Finding, context: FixContext): Draft | Refused {
  const table = context.database.tables.find(each => each.name === (hint(finding, 'table') ?? finding.object));
  const column = context.tenancy.memberships.find(each => each.table === table?.name)?.roleColumn;
  if (table === undefined || column === undefined) return { refused: 'No column of the table says who may do what.' };
  const others = table.policies.filter(
    policy => policy.permissive && /^(update|all)$/.test(policy.command) && policy.name !== hint(finding, 'policy'),
  );
  // Column privileges hold whatever policy let the row through.
  if (others.length > 0)
    return { refused: `Another policy lets somebody change rows of '${table.name}', perhaps just to give out roles.` };
  const roles = table.grants
    .filter(
      grant => grant.privilege === 'update' && grant.column === undefined && /^(anon|authenticated)$/.test(grant.role),
    )
    .map(grant => grant.role);
  const repair = { kind: 'grant-other-columns', table: table.name, columns: [column], roles };
  return grantOtherColumns({ ...finding, repair }, context);
}

function whom(role: string): string {
  return role === 'public' ? 'public' : quoted(role);
}
