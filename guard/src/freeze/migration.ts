import { quoteName } from '../sql/quote.ts';

/**
 * The SQL of the switch and of the list of its changes. `app` is the role that reads it, `operator` the role that may
 * change it; nobody changes it without who and why.
 *
 * @example
 * const sql: string = freezeMigration({ app: 'app_lookup', operator: 'app_operator' });
 */
export function freezeMigration(roles: { readonly app: string; readonly operator: string }): string {
  const operator = quoteName(roles.operator);
  return `${tables}
grant usage on schema drydock to ${quoteName(roles.app)}, ${operator};
grant select on drydock.freeze to ${quoteName(roles.app)}, ${operator};
grant select on drydock.freeze_change to ${operator};
grant execute on function drydock.change_freeze(text, text, text, text) to ${operator};
`;
}

const tables = `create schema if not exists drydock;

create table if not exists drydock.freeze (
  target text primary key check (target in ('everything', 'writes', 'exports', 'lists') or target like 'name:_%'),
  since timestamptz not null default now()
);
create table if not exists drydock.freeze_change (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  action text not null check (action in ('freeze', 'unfreeze')),
  target text not null,
  reason text not null check (reason <> ''),
  changed_by text not null check (changed_by <> ''),
  role text not null default session_user
);

create or replace function drydock.change_freeze(action text, target text, reason text, changed_by text)
returns void language plpgsql security definer set search_path = '' as $$
begin
  insert into drydock.freeze_change (action, target, reason, changed_by) values ($1, $2, $3, $4);
  if $1 = 'freeze' then
    insert into drydock.freeze (target) values ($2) on conflict do nothing;
  else
    delete from drydock.freeze known where known.target = $2;
  end if;
end
$$;

revoke all on drydock.freeze, drydock.freeze_change from public;
revoke all on function drydock.change_freeze(text, text, text, text) from public;`;
