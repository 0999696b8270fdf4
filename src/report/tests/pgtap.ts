import { preRequestCall } from '../../core/pre-request.ts';
import type { RulesAssertion, RulesAssertions } from '../../core/assertion.ts';
import { groupBy } from '../../core/group.ts';
import { quoteLiteral, quoteName } from '../../core/quote.ts';
import { helperSql } from './reach.ts';

/**
 * The assertions as a pgTAP script: one transaction with its own plan and rows, undone at its end. It runs on a database
 * that has the migrations and no data (`supabase test db`, `pg_prove`), as a role that may set `session_replication_role`.
 */
export function toPgTap({ seed, assertions }: RulesAssertions): string {
  const objects = groupBy(assertions, assertion => assertion.object);
  const isShared = haveSameSettings(assertions);
  return [
    '-- Written by `drydock rules --pgtap`: whether one tenant reaches the rows of another, and still reaches its own.',
    '-- Run it on a database with the migrations and without data. A test that fails is a leak, or access that was lost.',
    'begin;',
    `select plan(${assertions.length});`,
    '',
    helperSql,
    '',
    everybodyMayAsk,
    '',
    '-- Rows of made-up tenants.',
    'set local session_replication_role = replica;',
    ...seed.map(statement => (/;\s*$/.test(statement) ? statement : `${statement};`)),
    'set local session_replication_role = origin;',
    ...[...objects].flatMap(([object, own]) => ['', `-- ${oneLine(object)}`, ...sessionsOf(own, isShared)]),
    '',
    'select * from finish();',
    'rollback;',
    '',
  ].join('\n');
}

/** Where migrations took EXECUTE from everybody, roles could not even call pgTAP. It is undone with the rest. */
const everybodyMayAsk = `-- The functions of pgTAP can be called as any role, whatever the migrations took away.
do $drydock$
declare
  object record;
begin
  for object in
    select d.objid::regprocedure as name, e.extnamespace::regnamespace as schema
    from pg_depend d join pg_extension e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass
    where e.extname = 'pgtap' and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
      and not (has_function_privilege('public', d.objid, 'execute') and has_schema_privilege('public', e.extnamespace, 'usage'))
  loop
    execute format('grant usage on schema %s to public', object.schema);
    execute format('grant execute on function %s to public', object.name);
  end loop;
end
$drydock$;`;

/** Whether every session sets the same settings: one that sets fewer would see what an earlier one has set. */
function haveSameSettings(assertions: readonly RulesAssertion[]): boolean {
  return new Set(assertions.map(({ settings }) => Object.keys(settings).toSorted().join(' '))).size <= 1;
}

/** The tests of one object, those of one session after each other, so that it is set up once. */
function sessionsOf(assertions: readonly RulesAssertion[], isShared: boolean): readonly string[] {
  if (!isShared) return assertions.flatMap(assertion => tryOut(assertion, assertion.settings));
  const sessions = groupBy(assertions, ({ role, settings }) => JSON.stringify([role, settings]));
  return [...sessions.values()].flatMap(own => [
    ...Object.entries(own[0]?.settings ?? {}).map(
      ([name, value]) => `set local ${name.split('.').map(quoteName).join('.')} to ${quoteLiteral(value)};`,
    ),
    ...own.flatMap(toTest),
  ]);
}

/** What holds by a refusal or an empty answer is asked as a person would; the rest is tried and undone. */
function toTest(assertion: RulesAssertion): readonly string[] {
  const { expects, now, command, setup, statement, role, settings } = assertion;
  const called = preRequestCall(settings);
  const words = quoteLiteral(assertion.words);
  const asRole = (test: string): readonly string[] => [
    `set local role ${quoteName(role)};`,
    ...(called === undefined ? [] : [`do $$begin perform ${called}; end$$;`]),
    test,
    'reset role;',
  ];
  const isPlainRead = command === 'select' && setup.length === 0 && statement.startsWith('select count(*) from ');
  if (expects === 'nothing' && now === 'refused' && setup.length === 0)
    return asRole(`select throws_ok(${dollar(statement)}, '42501', null, ${words});`);
  if (isPlainRead && expects === 'nothing' && now === 'nothing')
    return asRole(`select is_empty(${dollar(rowsOf(statement))}, ${words});`);
  if (isPlainRead && expects === 'something')
    return asRole(`select isnt_empty(${dollar(rowsOf(statement))}, ${words});`);
  return tryOut(assertion, {});
}

function tryOut(assertion: RulesAssertion, settings: RulesAssertion['settings']): readonly string[] {
  const { role, setup, statement, shows, expects, words } = assertion;
  const query = shows.kind === 'watch' ? dollar(shows.query) : 'null';
  const steps = setup.length === 0 ? "'{}'" : `array[${setup.map(dollar).join(', ')}]`;
  return [
    `select is(pg_temp.drydock_try(${quoteLiteral(role)}, ${quoteLiteral(JSON.stringify(settings))}, ${steps},`,
    `  ${dollar(statement)}, ${quoteLiteral(shows.kind)}, ${query}),`,
    `  ${quoteLiteral(expects === 'nothing' ? 'nothing' : 'reached')}, ${quoteLiteral(words)});`,
  ];
}

function rowsOf(statement: string): string {
  return statement.replace(/^select count\(\*\) from /, 'select 1 from ');
}

/** SQL as a text of SQL: quotes stay as they are, where nothing in it ends the text early. */
function dollar(sql: string): string {
  return sql.includes('$') ? quoteLiteral(sql) : `$$${sql}$$`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
