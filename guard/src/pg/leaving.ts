import type { Left } from './statements.ts';

/** A function of the database, as the catalog has it. */
export interface FunctionRow {
  readonly oid: string;
  readonly name: string;
  readonly body: string;
}

/** What a statement names when such a function runs. */
export interface NamedRow {
  readonly name: string;
  /** A function that is called, a view that calls it, or a table that runs it as a trigger when it is written. */
  readonly how: 'called' | 'read' | 'written';
  /** The function at the end of the chain. */
  readonly by: string;
}

/**
 * Functions whose bodies speak of what may last for a session. Those of extensions are nobody's to change, and know what
 * they do.
 */
export const aboutFunctions = `select p.oid::text as oid, format('%s.%s', n.nspname, p.proname) as name,
  case when p.prosrc = '' then pg_get_functiondef(p.oid) else p.prosrc end as body
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join pg_language as l on l.oid = p.prolang
where n.nspname not in ('pg_catalog', 'information_schema', 'drydock')
  and l.lanname not in ('c', 'internal')
  and p.prokind in ('f', 'p')
  and (p.prosrc = ''
    or p.prosrc ~* '\\m(temp|temporary|set_config|with\\s+hold)\\M|\\mset\\s+(session\\s+)?(role|search_path|authorization|\\w+\\s*\\.)')
  and not exists (
    select from pg_depend as d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  )`;

/** What runs such a function in turn: functions that name it, views that call it, tables that have it as a trigger. */
export const aboutCallers = `with recursive called as (
  select p.oid, p.proname, p.oid as by from pg_proc as p where p.oid = any($1::oid[])
  union
  select p.oid, p.proname, called.by
  from called
  join pg_proc as p on p.prosrc ~* ('\\m' || called.proname || '\\M') and called.proname ~ '^\\w+$'
  join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname not in ('pg_catalog', 'information_schema', 'drydock')
)
select lower(proname) as name, 'called' as how, by::text as by from called
union
select lower(c.relname), 'read', called.by::text
from called
join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_proc'::regclass and d.refobjid = called.oid
join pg_rewrite as r on r.oid = d.objid
join pg_class as c on c.oid = r.ev_class
union
select lower(c.relname), 'written', called.by::text
from called
join pg_trigger as t on t.tgfoid = called.oid
join pg_class as c on c.oid = t.tgrelid`;

/**
 * What a function leaves on the session that ran it. A body is read as text, for what it would run may stand between
 * quotes; a table that it drops further down, or that ends with the transaction, is not left.
 */
export function leftBy(body: string, guarded: readonly string[]): Left | undefined {
  const plain = body.replaceAll(/--[^\n\r]*|\/\*(?:[^*]|\*(?!\/))*\*\//g, ' ').toLowerCase();
  if (/\bcursor\b[^;]*?\bwith\s+hold\b/.test(plain) || [...plain.matchAll(temporary)].some(made => stays(made, plain)))
    return 'rows';
  const names = [...lastingCalls(plain), ...[...plain.matchAll(setStatement)].map(match => match[1])];
  return names.some(name => name === undefined || !guarded.includes(name.replaceAll(/\s/g, '')))
    ? 'setting'
    : undefined;
}

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
