/**
 * What Neon adds for its Data API and row security, as far as policies refer to it: the functions of the extension
 * `pg_session_jwt`, and the role of whoever is not signed in. Nothing of `public` is open to that role by itself.
 * https://neon.com/docs/data-api/access-control https://github.com/neondatabase/pg_session_jwt
 */
export const neonPrelude = `
do $prelude$
begin
  if not exists (select from pg_roles where rolname = 'anonymous') then create role anonymous nologin; end if;
end
$prelude$;
grant usage on schema public, auth to anonymous;
grant anonymous to anon with inherit true;
alter default privileges in schema public revoke all on tables from anon;
alter default privileges in schema public revoke all on functions from anon;
alter default privileges in schema public revoke all on sequences from anon;
create function auth.session() returns jsonb language sql stable as $$ select auth.jwt() $$;
create function auth.user_id() returns text language sql stable as $$ select auth.jwt() ->> 'sub' $$;
`;

/** Whether migrations build on what Neon adds. */
export function isForNeon(texts: readonly string[]): boolean {
  return texts.some(text => /\b(?:auth"?\s*\.\s*"?(?:user_id|session)"?\s*\(|pg_session_jwt\b)/i.test(text));
}
