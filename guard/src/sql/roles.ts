import { quoteLiteral, quoteName } from './names.ts';
import type { Settled } from './options.ts';

/** A statement with the one that undoes it. */
export interface Step {
  readonly up: string;
  readonly down?: string;
}

/** Makes the roles that are missing. They get no password here: a migration is kept in git. */
export function roleSteps(plan: Settled): readonly Step[] {
  const { roles } = plan;
  const bypass = plan.admin === 'bypass' ? ' bypassrls' : '';
  return [
    role(roles.app, 'login'),
    role(roles.admin, `login${bypass}`),
    ...(usesAuth(plan) ? [role(roles.auth, `login${bypass}`)] : []),
    ...ownerSteps(plan),
  ];
}

/** Whether the auth library has tables of its own or works with some of the app's. */
export function usesAuth(plan: Settled): boolean {
  return plan.membership.auth === true || plan.tables.some(rule => rule.kind === 'auth' || rule.auth === true);
}

/** The migrator is the owner from its first statement on, so that what it makes belongs to the owner. */
function ownerSteps({ roles: { owner, migrator } }: Settled): readonly Step[] {
  if (owner === undefined) return [];
  const steps = [role(owner, 'nologin'), { up: `grant ${quoteName(owner)} to current_user;` }];
  if (migrator === undefined) return steps;
  return [
    ...steps,
    role(migrator, 'login'),
    { up: `grant ${quoteName(owner)} to ${quoteName(migrator)};` },
    { up: `alter role ${quoteName(migrator)} set role = ${quoteLiteral(owner)};` },
  ];
}

/**
 * A role, and the way back: with what it was granted and owns, where that is to be `dropped`. Roles are the cluster's, so
 * that another database may have made or may still need them: neither is an error.
 * https://www.postgresql.org/docs/current/manage-ag-overview.html
 */
export function role(name: string, attributes: string, owned?: 'dropped'): Step {
  const drops = [
    ...(owned === undefined ? [] : [`drop owned by ${quoteName(name)};`]),
    `drop role ${quoteName(name)};`,
  ];
  return {
    up: `do $$
begin
  if not exists (select from pg_roles where rolname = ${quoteLiteral(name)}) then
    create role ${quoteName(name)} ${attributes};
  end if;
end
$$;`,
    down: `do $$
begin
  if exists (select from pg_roles where rolname = ${quoteLiteral(name)}) then
    ${drops.join('\n    ')}
  end if;
exception
  when dependent_objects_still_exist then
    raise notice 'The role % is still used and stays.', ${quoteLiteral(name)};
end
$$;`,
  };
}

/** Ends the migration where the app's role would pass every policy: a guard that only looks like one is worse than none. */
export function roleCheck({ roles: { app } }: Settled): Step {
  return {
    up: `do $$
begin
  if exists (select from pg_roles where rolname = ${quoteLiteral(app)} and (rolsuper or rolbypassrls)) then
    raise exception 'The role % passes every policy: take SUPERUSER and BYPASSRLS from it.', ${quoteLiteral(app)};
  end if;
end
$$;`,
  };
}
