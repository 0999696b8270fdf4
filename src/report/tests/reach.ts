import { preRequestSetting } from '../../core/pre-request.ts';

/**
 * A function that tries one statement as somebody and undoes it: `nothing` when no row was reached, also because it was
 * refused; `reached`; or `failed: …`. Called as superuser, it lives as long as the session.
 */
export const helperSql = `create or replace function pg_temp.drydock_try(
  role_name text, settings jsonb, setup text[], statement text, shows text, query text
) returns text language plpgsql as $drydock$
declare
  step text;
  setting record;
  answer text;
  before text;
  after text;
  touched bigint := 0;
  outcome text := 'nothing';
  state text;
  complaint text;
begin
  begin
    foreach step in array setup loop
      execute step;
    end loop;
    if query is not null then
      execute query into before;
    end if;
    for setting in select * from jsonb_each_text(settings) loop
      perform set_config(setting.key, setting.value, true);
    end loop;
    execute format('set local role %I', role_name);
    if current_setting('${preRequestSetting}', true) <> '' then
      execute format('select %s()', current_setting('${preRequestSetting}'));
    end if;
    if shows in ('count', 'answer') then
      execute statement into answer;
    else
      execute statement;
      get diagnostics touched = row_count;
    end if;
    execute 'set local role none';
    if query is not null then
      execute query into after;
    end if;
    outcome := case
      when shows = 'count' and coalesce(answer, '0')::bigint > 0 then 'reached'
      when shows = 'answer' and coalesce(answer, '') !~ '^(null|[][(){} ,0ft]*)$' then 'reached'
      when shows = 'rows' and touched > 0 then 'reached'
      when shows = 'watch' and after is distinct from before then 'reached'
      else 'nothing'
    end;
    raise exception using errcode = 'DD001';
  exception
    when sqlstate 'DD001' then null;
    when others then
      get stacked diagnostics state = returned_sqlstate, complaint = message_text;
      -- A privilege, a policy, or a function that refuses by an exception of its own.
      outcome := case
        when state = '42501' or state ~ '^(P0|28)' then 'nothing'
        -- Policies are asked before constraints are: what a constraint stops had passed them.
        when state ~ '^23' and statement !~* '^select' then 'reached'
        else 'failed: ' || complaint
      end;
  end;
  return outcome;
end
$drydock$;`;
