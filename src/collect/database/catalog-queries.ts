import { foreignSchemas, platformTables, type Platform } from '../../core/platform.ts';
import { quoteLiteral } from '../../core/quote.ts';

const listOf = (names: readonly string[]): string => names.map(quoteLiteral).join(', ');

/** Schemas of the app. */
const ownSchemas = (platform: Platform): string =>
  `n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and n.nspname not in (${listOf(foreignSchemas[platform])})`;

const undotted = (name: string): string => `position('.' in n.nspname || ${name}) = 0`;

const onPlatform = (platform: Platform): string =>
  platform === 'supabase' ? `(n.nspname || '.' || c.relname) in (${listOf(platformTables)})` : 'false';

/** A condition on a row of a catalog: no extension made it. */
export const notFromExtension = (catalog: string, alias: string): string =>
  `not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${alias}.oid and d.deptype = 'e')`;

/** The same, and it was not made together with something else, as the functions of a range type are. */
export const notMadeWith = (catalog: string, alias: string): string =>
  `not exists (select from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${alias}.oid and d.deptype in ('e', 'i'))`;

const grantsOf = (acl: string, kind: string): string => `
  (select json_agg(json_build_object('role', coalesce(g.rolname, 'public'), 'privilege', lower(a.privilege_type)) order by g.rolname nulls first, a.privilege_type)
   from aclexplode(coalesce(${acl}, acldefault('${kind}', ${kind === 'f' ? 'p.proowner' : 'c.relowner'}))) a
   left join pg_roles g on g.oid = a.grantee)`;

const triggersOf = `
  (select json_agg(json_build_object('name', t.tgname, 'schema', tn.nspname, 'function', f.proname, 'definition', pg_get_triggerdef(t.oid)) order by t.tgname)
   from pg_trigger t join pg_proc f on f.oid = t.tgfoid join pg_namespace tn on tn.oid = f.pronamespace
   where t.tgrelid = c.oid and not t.tgisinternal)`;

/** What statements on it are rewritten to, but for the query of a view. */
const rulesOf = `(select json_agg(pg_get_ruledef(w.oid) order by w.rulename) from pg_rewrite w where w.ev_class = c.oid and w.rulename <> '_RETURN')`;

/** A domain and those that it is made of, each with what lies below it; nothing for another type. */
const domainsOf = (type: string): string => `(
  with recursive below (domain, type, modifier) as (
    select d.oid, d.typbasetype, d.typtypmod from pg_type d where d.oid = ${type} and d.typtype = 'd'
    union all
    select d.oid, d.typbasetype, d.typtypmod from below join pg_type d on d.oid = below.type and d.typtype = 'd'
  )
  select domain, type, modifier from below)`;

const columnsOf = `
  (select json_agg(json_build_object(
     'name', a.attname,
     'type', format_type(a.atttypid, a.atttypmod),
     'domainOf', (select format_type(b.type, b.modifier) from ${domainsOf('a.atttypid')} b join pg_type t on t.oid = b.type where t.typtype <> 'd'),
     'notNull', a.attnotnull,
     'hasDefault', a.atthasdef or a.attidentity <> '',
     'generated', a.attgenerated <> '' or a.attidentity = 'a',
     'randomDefault', a.atthasdef and a.attgenerated = '' and a.atttypid in (2950, 25, 1042, 1043) and exists (
       select from pg_attrdef d, regexp_matches(pg_get_expr(d.adbin, d.adrelid), '(\\w+)"?\\(', 'g') called
       join pg_proc p on p.proname = called[1] and p.provolatile = 'v'
       where d.adrelid = a.attrelid and d.adnum = a.attnum
     ),
     'startsTrue', a.atttypid = 16 and a.attgenerated = '' and exists (
       select from pg_attrdef d
       where d.adrelid = a.attrelid and d.adnum = a.attnum and pg_get_expr(d.adbin, d.adrelid) = 'true'
     )
   ) order by a.attnum)
   from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const keyColumns = (keys: string, relation: string): string =>
  `(select json_agg(a.attname order by u.ord) from unnest(${keys}) with ordinality u (attnum, ord)
    join pg_attribute a on a.attrelid = ${relation} and a.attnum = u.attnum)`;

/** One row a table, everything below it as JSON. */
export const tablesQuery = (platform: Platform): string => `
select
  n.nspname as schema, c.relname as name, c.relkind as kind, pg_get_userbyid(c.relowner) as owner,
  c.relrowsecurity as row_security, c.relforcerowsecurity as force_row_security,
  ${columnsOf} as columns,
  ${grantsOf('c.relacl', 'r')} as grants,
  (select json_agg(json_build_object('role', coalesce(g.rolname, 'public'), 'privilege', lower(x.privilege_type), 'column', a.attname) order by a.attnum, g.rolname)
   from pg_attribute a, aclexplode(a.attacl) x left join pg_roles g on g.oid = x.grantee
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as column_grants,
  (select ${keyColumns('k.conkey', 'k.conrelid')} from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') as primary_key,
  (select json_agg(${keyColumns('i.indkey::int2[]', 'i.indrelid')} order by i.indexrelid)
   from pg_index i where i.indrelid = c.oid and i.indisunique and i.indexprs is null and i.indpred is null) as unique_keys,
  (select json_agg(json_build_object(
     'name', k.conname, 'columns', ${keyColumns('k.conkey', 'k.conrelid')}, 'schema', fn.nspname, 'table', f.relname,
     'referenced', ${keyColumns('k.confkey', 'k.confrelid')}, 'onDelete', k.confdeltype
   ) order by k.conname)
   from pg_constraint k join pg_class f on f.oid = k.confrelid join pg_namespace fn on fn.oid = f.relnamespace
   where k.conrelid = c.oid and k.contype = 'f' and k.conparentid = 0) as foreign_keys,
  (select json_agg(json_build_object('name', ic.relname, 'columns', coalesce(${keyColumns('i.indkey::int2[]', 'i.indrelid')}, '[]'::json),
     'unique', i.indisunique and i.indexprs is null and i.indpred is null, 'constraint', exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))) order by ic.relname)
   from pg_index i join pg_class ic on ic.oid = i.indexrelid where i.indrelid = c.oid) as indexes,
  (select json_agg(json_build_object('name', k.name, 'expression', k.expression) order by k.name, k.expression) from (
     select k.conname as name, pg_get_expr(k.conbin, k.conrelid) as expression
     from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'
     union all
     select k.conname, regexp_replace(pg_get_expr(k.conbin, 0), '\\mVALUE\\M', quote_ident(a.attname), 'g')
     from pg_attribute a cross join lateral ${domainsOf('a.atttypid')} b join pg_constraint k on k.contypid = b.domain and k.contype = 'c'
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   ) k) as checks,
  (select json_agg(json_build_object(
     'name', o.polname, 'command', o.polcmd, 'permissive', o.polpermissive,
     'roles', (select json_agg(coalesce(g.rolname, 'public') order by g.rolname) from unnest(o.polroles) r (oid) left join pg_roles g on g.oid = r.oid),
     'using', pg_get_expr(o.polqual, o.polrelid), 'check', pg_get_expr(o.polwithcheck, o.polrelid)
   ) order by o.polname)
   from pg_policy o where o.polrelid = c.oid) as policies,
  (select json_agg(case when pn.nspname = 'public' then p.relname else pn.nspname || '.' || p.relname end order by h.inhseqno)
   from pg_inherits h join pg_class p on p.oid = h.inhparent join pg_namespace pn on pn.oid = p.relnamespace
   where h.inhrelid = c.oid) as parents,
  ${triggersOf} as triggers,
  ${rulesOf} as rules
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and ((${ownSchemas(platform)}) or ${onPlatform(platform)}) and ${undotted('c.relname')} and ${notFromExtension('pg_class', 'c')}
order by n.nspname collate "C", c.relname collate "C"`;

/** One row a view. */
export const viewsQuery = (platform: Platform): string => `
select
  n.nspname as schema, c.relname as name, c.relkind = 'm' as materialized, pg_get_userbyid(c.relowner) as owner,
  coalesce((select option_value::boolean from pg_options_to_table(c.reloptions) where option_name = 'security_invoker'), false) as security_invoker,
  ${columnsOf} as columns,
  ${grantsOf('c.relacl', 'r')} as grants,
  pg_get_viewdef(c.oid) as definition,
  (select json_agg(distinct case when rn.nspname = 'public' then r.relname else rn.nspname || '.' || r.relname end)
   from pg_rewrite w
   join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> c.oid
   join pg_class r on r.oid = d.refobjid join pg_namespace rn on rn.oid = r.relnamespace
   where w.ev_class = c.oid and r.relkind in ('r', 'p', 'f', 'v', 'm')) as reads,
  ${triggersOf} as triggers,
  ${rulesOf} as rules
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and (${ownSchemas(platform)}) and ${undotted('c.relname')} and ${notFromExtension('pg_class', 'c')}
order by n.nspname collate "C", c.relname collate "C"`;

/** One row a function or procedure. */
export const functionsQuery = (platform: Platform): string => `
select
  n.nspname as schema, p.proname as name, p.oid::regprocedure::text as signature,
  (select json_agg(json_build_object(
     'name', coalesce(p.proargnames[k.ord], ''), 'type', format_type(k.type, null),
     'variadic', coalesce(p.proargmodes[k.ord] = 'v', false),
     'fields', (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, null)) order by a.attnum)
       from pg_type t left join pg_type e on e.oid = t.typelem
       join pg_class c on c.oid in (t.typrelid, e.typrelid) and c.relkind = 'c'
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where t.oid = k.type)
   ) order by k.ord)
   from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality k (type, ord)
   where p.proargmodes is null or p.proargmodes[k.ord] in ('i', 'b', 'v') or (p.prokind = 'p' and p.proargmodes[k.ord] = 'o')) as arguments,
  p.pronargdefaults as defaults,
  case p.prokind when 'p' then 'procedure' else pg_get_function_result(p.oid) end as returns, p.proretset as returns_set, l.lanname as language,
  p.prosecdef as security_definer, p.proisstrict as strict, pg_get_userbyid(p.proowner) as owner,
  coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body, p.provolatile as volatility,
  (select substr(c, length('search_path=') + 1) from unnest(p.proconfig) c where c like 'search_path=%') as search_path,
  pg_get_function_arguments(p.oid) as parameters,
  (select json_agg(c) from unnest(p.proconfig) c where c not like 'search_path=%') as settings,
  ${grantsOf('p.proacl', 'f')} as grants
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
where p.prokind in ('f', 'p') and (${ownSchemas(platform)}) and ${undotted('p.proname')} and ${notMadeWith('pg_proc', 'p')}
order by n.nspname collate "C", p.proname collate "C", p.oid::regprocedure::text collate "C"`;

/** One row a table, view or function that has a dot in its name, or in that of its schema. */
export const dottedNamesQuery = (platform: Platform): string => `
select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm') and (${ownSchemas(platform)}) and not ${undotted('c.relname')} and ${notFromExtension('pg_class', 'c')}
union
select format('%I.%I', n.nspname, p.proname) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.prokind in ('f', 'p') and (${ownSchemas(platform)}) and not ${undotted('p.proname')} and ${notMadeWith('pg_proc', 'p')}
order by 1`;

/** One row a role that is not Postgres' own. */
export const rolesQuery = `
select
  r.rolname as name, r.rolsuper as superuser, r.rolbypassrls as bypass_row_security, r.rolcanlogin as login,
  (select json_agg(g.rolname order by g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid) as member_of
from pg_roles r
where r.rolname !~ '^(pg_|drydock_)'
order by r.rolname collate "C"`;

/** One row an enum type. */
export const enumsQuery = (platform: Platform): string => `
select case when n.nspname = 'public' then t.typname else n.nspname || '.' || t.typname end as name,
  (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as values
from pg_type t join pg_namespace n on n.oid = t.typnamespace
where t.typtype = 'e' and (${ownSchemas(platform)})
order by 1`;

/** Whether the session may read the buckets: asked by number, as a name is looked up only by who may use its schema. */
export const bucketsReadableQuery = `
select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'storage' and c.relname = 'buckets' and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`;

/** One row a storage bucket; only where the platform has them. */
export const bucketsQuery = `select id as name, coalesce(public, false) as public from storage.buckets order by id collate "C"`;

/** One row a schema that is not Postgres' own. */
export const schemasQuery = `
select n.nspname as name,
  (select json_agg(distinct coalesce(g.rolname, 'public')) from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
   left join pg_roles g on g.oid = a.grantee where a.privilege_type = 'USAGE') as usage,
  (select json_agg(distinct coalesce(g.rolname, 'public')) from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
   left join pg_roles g on g.oid = a.grantee where a.privilege_type = 'CREATE') as create
from pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by n.nspname collate "C"`;

/** One row a role that may make schemas. */
export const databaseMakersQuery = `
select distinct coalesce(g.rolname, 'public') as role
from pg_database d
cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
left join pg_roles g on g.oid = a.grantee
where d.datname = current_database() and a.privilege_type = 'CREATE'
order by 1`;

/**
 * What `alter role authenticator set pgrst.db_pre_request` names, where it is a function of this database: roles, and what is
 * set for them, belong to the whole server. https://docs.postgrest.org/en/stable/references/configuration.html#db-pre-request
 */
export const preRequestQuery = `
select to_regproc(named.name)::text as name
from pg_db_role_setting s
cross join unnest(s.setconfig) c
cross join substring(c from '^pgrst\\.db_pre_request=(.*)$') named (name)
where s.setrole in (0, to_regrole('authenticator'))
  and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
  and to_regproc(named.name) is not null
order by s.setdatabase desc, s.setrole desc
limit 1`;

/** One row a privilege that objects made later come with. */
export const defaultGrantsQuery = `
select pg_get_userbyid(d.defaclrole) as maker, n.nspname as schema, d.defaclobjtype as objects,
  coalesce(g.rolname, 'public') as role, lower(a.privilege_type) as privilege
from pg_default_acl d
left join pg_namespace n on n.oid = d.defaclnamespace
cross join aclexplode(d.defaclacl) a
left join pg_roles g on g.oid = a.grantee
where a.grantee <> d.defaclrole
order by 1, 2 nulls first, 3, 4, 5`;

/** One row a publication. */
export const publicationsQuery = `
select p.pubname as name, p.puballtables as all_tables,
  (select json_agg(case when t.schemaname = 'public' then t.tablename else t.schemaname || '.' || t.tablename end order by t.schemaname, t.tablename)
   from pg_publication_tables t where t.pubname = p.pubname and not p.puballtables) as tables
from pg_publication p
order by p.pubname collate "C"`;

/** One row an extension. */
export const extensionsQuery = `
select e.extname as name, n.nspname as schema
from pg_extension e join pg_namespace n on n.oid = e.extnamespace
where e.extname <> 'plpgsql'
order by e.extname collate "C"`;
