import { quoteName } from '../sql/quote.ts';

/**
 * The SQL of the table in which limits are counted. Not logged: after a crash of the database everybody begins anew.
 *
 * @example
 * const sql: string = limitsMigration({ app: 'app_limits' });
 */
export function limitsMigration(roles: { readonly app: string }): string {
  const app = quoteName(roles.app);
  return `create schema if not exists drydock;
create unlogged table if not exists drydock.limit_point (
  key varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);
create index if not exists limit_point_expire on drydock.limit_point (expire);
revoke all on drydock.limit_point from public;
grant usage on schema drydock to ${app};
grant select, insert, update, delete on drydock.limit_point to ${app};
`;
}
