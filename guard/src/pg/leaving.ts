import { runsAssembled } from './assembled.ts';
import type { Left } from './statements.ts';

/** A function of the database, as the catalog has it. */
export interface FunctionRow {
  readonly oid: string;
  readonly name: string;
  readonly language: string;
  readonly parameters: readonly string[];
  readonly body: string;
}

/** What a statement names when such a function runs. */
export interface NamedRow {
  readonly name: string;
  /** A function that is called, what runs it when it is read (a view, a policy), or what runs it when it is written. */
  readonly how: 'called' | 'read' | 'written';
  /** The function at the end of the chain. */
  readonly by: string;
}

const ofOthers = `('pg_catalog', 'information_schema', 'drydock')`;

/** Functions whose bodies speak of what may last for a session, or run texts. What is written in C cannot be read. */
export const aboutFunctions = `select p.oid::text as oid, format('%s.%s', n.nspname, p.proname) as name,
  l.lanname as language, coalesce(p.proargnames, '{}') as parameters,
  case when p.prosrc = '' then pg_get_functiondef(p.oid) else p.prosrc end as body
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join pg_language as l on l.oid = p.prolang
where n.nspname not in ${ofOthers}
  and l.lanname not in ('c', 'internal')
  and p.prokind in ('f', 'p')
  and (p.prosrc = '' or l.lanname not in ('sql', 'plpgsql')
    or p.prosrc ~* '\\m(temp|temporary|set_config|with\\s+hold|execute)\\M|\\mset\\s+(session\\s+)?(role|search_path|authorization|\\w+\\s*\\.)')`;

/**
 * What runs such a function in turn: functions that name it or what runs it, aggregates and bodies of the standard, views, and
 * tables that have it as a trigger or in a policy, a default or a check, with those that they hang on.
 */
export const aboutCallers = `with recursive bodies as materialized (
  select p.oid, lower(p.prosrc) as body
  from pg_proc as p
  join pg_namespace as n on n.oid = p.pronamespace and n.nspname not in ${ofOthers}
),
known as (
  select 'pg_proc'::regclass::oid as class, p.oid, 'called' as how, p.oid as by
  from pg_proc as p
  where p.oid = any($1::oid[])
  union
  select next.class, next.oid, next.how, known.by
  from known
  left join pg_proc as f on known.class = 'pg_proc'::regclass and f.oid = known.oid
  left join pg_class as t on known.class = 'pg_class'::regclass and t.oid = known.oid
  cross join lateral (
    select 'pg_proc'::regclass::oid as class, b.oid, 'called' as how
    from bodies as b
    where strpos(b.body, lower(coalesce(f.proname, t.relname))) > 0
      and coalesce(f.proname, t.relname) ~ '^\\w+$'
      and b.body ~ ('\\m' || lower(coalesce(f.proname, t.relname)) || '\\M')
      and (known.how <> 'written' or b.body ~ '\\m(insert|update|delete|merge|copy|truncate)\\M')
    union all
    select d.classid, d.objid, 'called'
    from pg_depend as d
    where d.refclassid = known.class and d.refobjid = known.oid and d.classid = 'pg_proc'::regclass
      and known.how <> 'written'
    union all
    select 'pg_class'::regclass, r.ev_class, case when r.ev_type <> '1' or known.how = 'written' then 'written' else 'read' end
    from pg_depend as d
    join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    where d.refclassid = known.class and d.refobjid = known.oid
    union all
    select 'pg_class'::regclass, p.polrelid, 'read'
    from pg_depend as d
    join pg_policy as p on d.classid = 'pg_policy'::regclass and p.oid = d.objid
    where d.refclassid = known.class and d.refobjid = known.oid and known.how <> 'written'
    union all
    select 'pg_class'::regclass, coalesce(a.adrelid, c.conrelid), 'written'
    from pg_depend as d
    left join pg_attrdef as a on d.classid = 'pg_attrdef'::regclass and a.oid = d.objid
    left join pg_constraint as c on d.classid = 'pg_constraint'::regclass and c.oid = d.objid and c.conrelid <> 0
    where d.refclassid = known.class and d.refobjid = known.oid and known.how = 'called'
      and coalesce(a.adrelid, c.conrelid) is not null
    union all
    select 'pg_class'::regclass, tg.tgrelid, 'written'
    from pg_trigger as tg
    where known.how = 'called' and tg.tgfoid = known.oid
    union all
    select 'pg_class'::regclass, c.confrelid, 'written'
    from pg_constraint as c
    where known.how = 'written' and c.conrelid = known.oid and c.contype = 'f'
      and (c.confdeltype in ('c', 'n', 'd') or c.confupdtype in ('c', 'n', 'd'))
    union all
    select 'pg_class'::regclass, i.inhparent, 'written'
    from pg_inherits as i
    where known.how = 'written' and i.inhrelid = known.oid
  ) as next
)
select distinct lower(coalesce(f.proname, t.relname)) as name, how, by::text as by
from known
left join pg_proc as f on class = 'pg_proc'::regclass and f.oid = known.oid
left join pg_class as t on class = 'pg_class'::regclass and t.oid = known.oid`;

/**
 * What a function leaves on the session that ran it, or may leave where it runs what nobody can read. A body is read as text,
 * for what it would run may stand between quotes; a table that it drops further down, or that ends with the transaction, is not
 * left.
 */
export function leftBy(
  { body, language, parameters }: Pick<FunctionRow, 'body' | 'language' | 'parameters'>,
  guarded: readonly string[],
): Left | undefined {
  const plain = body.replaceAll(/--[^\n\r]*|\/\*(?:[^*]|\*(?!\/))*\*\//g, ' ').toLowerCase();
  if (/\bcursor\b[^;]*?\bwith\s+hold\b/.test(plain) || [...plain.matchAll(temporary)].some(made => stays(made, plain)))
    return 'rows';
  if (language === 'plpgsql' ? runsAssembled(plain, parameters) : language !== 'sql' && asks.test(plain)) return 'rows';
  const names = [...lastingCalls(plain), ...[...plain.matchAll(setStatement)].map(match => match[1])];
  return names.some(name => name === undefined || !guarded.includes(name.replaceAll(/\s/g, '')))
    ? 'setting'
    : undefined;
}

/** By which bodies in other languages reach the database: `plpy.execute`, `spi_exec_query`, `plv8.execute`. */
const asks = /\bspi|execute|prepare|cursor|query|eval|import/;

const temporary =
  /\b(?:create\s+(?:local\s+|global\s+)?temp(?:orary)?\s+(?:table|view)\s+(?:if\s+not\s+exists\s+)?|into\s+temp(?:orary)?\s+(?:table\s+)?)"?(?:pg_temp\.)?([\w$]*)([^;]*)/g;

function stays(made: RegExpMatchArray, plain: string): boolean {
  const [whole, name = '', rest = ''] = made;
  if (/\bon\s+commit\s+drop\b/.test(rest)) return false;
  const after = plain.slice((made.index ?? 0) + whole.length);
  const dropped = String.raw`\bdrop\s+(?:table|view)\s+(?:if\s+exists\s+)?"?(?:pg_temp\.)?${name.replaceAll('$', String.raw`\$`)}(?![\w$])`;
  return name === '' || !new RegExp(dropped).test(after);
}

/** The names that calls of `set_config` set for longer than the transaction; none where a name is put together. */
function lastingCalls(plain: string): readonly (string | undefined)[] {
  const calls = [...plain.matchAll(/\bset_config"?\s*\(/g)].map(({ index }) => plain.slice(index));
  return calls.flatMap(call => {
    const values = /^[^(]*\(((?:[^();]|\((?:[^()]|\([^()]*\))*\))*)\)/.exec(call)?.[1] ?? '';
    if (/(?:,|=>)\s*'?t(?:rue)?'?\s*$/.test(values)) return [];
    return [/^\s*'([^']*)'\s*,/.exec(values)?.[1]];
  });
}

const setStatement =
  /(?:^|[;']|\b(?:begin|then|else|loop|execute))\s*set\s+(?:session\s+)?(role|authorization|search_path|[a-z_][\w$]*\s*\.\s*[a-z_][\w$]*)\b/g;

/** Tells of a text without literals, in small letters, what the functions that it runs leave. */
export type LeftThrough = (plain: string) => Left | undefined;

/** Makes the teller; `lefts` says what each function leaves. */
export function leftThrough(rows: readonly NamedRow[], lefts: ReadonlyMap<string, Left>): LeftThrough {
  const patterns = (['rows', 'setting'] as const).flatMap(left =>
    (['called', 'read', 'written'] as const).flatMap(how => {
      const names = rows.filter(row => row.how === how && lefts.get(row.by) === left).map(({ name }) => name);
      return names.length === 0 ? [] : [{ left, how, pattern: anyOf(names, how) }];
    }),
  );
  return plain =>
    patterns.find(({ how, pattern }) => pattern.test(plain) && (how !== 'written' || writes.test(plain)))?.left;
}

const writes = /\b(?:insert|update|delete|merge|copy|truncate)\b/;

function anyOf(names: readonly string[], how: NamedRow['how']): RegExp {
  const escaped = names.map(name => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(
    String.raw`(?<![\w$])(?:${escaped.join('|')})${how === 'called' ? String.raw`"?\s*\(` : String.raw`(?![\w$])`}`,
  );
}
