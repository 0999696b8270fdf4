/** Makes texts that set the tenant behind the guard's back, hidden among what Postgres skips or reads otherwise. */
export function tamperingTexts(seed: number): () => string {
  const random = randomFrom(seed);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  const gap = (): string => pick(gaps) + (random() < 0.2 ? pick(gaps) : '');
  const mayGap = (): string => (random() < 0.5 ? '' : gap());
  const written = (word: string): string => pick([word, word, word.toUpperCase()]);
  let made = 0;
  const own = (): string => `pg_temp.f${seed}_${(made += 1)}`;
  const call = (): string => {
    const name = pick([
      'set_config',
      'pg_catalog.set_config',
      `pg_catalog${gap()}.${gap()}"set_config"`,
      String.raw`U&"set\005fconfig"`,
    ]);
    return `${name}${mayGap()}(${mayGap()}${pick(literals)}${mayGap()},${mayGap()}'evil',${mayGap()}${pick(['false', 'true', "'f'"])})`;
  };
  const sets = (): string => {
    const range = random() < 0.3 ? gap() + pick(['local', 'session']) : '';
    return `${written('set')}${range}${pick([gap, mayGap])()}${pick(names)}${mayGap()}${pick(['=', ' to '])}${mayGap()}${pick(["'evil'", 'evil', "E'evil'", '"evil"'])}`;
  };
  const body = (text: string): string => `$q$ begin ${text}; end $q$`;
  const runs = (kind: string, how: string): string => {
    const name = own();
    return `create${gap()}${kind} ${name}()${kind === 'function' ? ' returns text' : ''} language plpgsql as ${body(how)}; ${kind === 'function' ? 'select' : 'call'} ${name}()`;
  };
  const ways: readonly (() => string)[] = [
    sets,
    sets,
    sets,
    () => `select${gap()}${call()}`,
    () => `with x as (select ${call()}) select * from x`,
    () => `copy (select ${call()}) to stdout`,
    () => `declare c cursor for select ${call()}; fetch all from c`,
    () =>
      `do${gap()}${body(pick([`perform ${call()}`, "set app.tenant_id = 'evil'", "execute 'se'||'t app.tenant_id=''evil'''"]))}`,
    () => `do language plpgsql 'begin set app.tenant_id = ''evil''; end'`,
    () => runs('procedure', "set app.tenant_id = 'evil'"),
    () => runs('function', `perform ${call()}; return 1`),
    () => `select query_to_xml('select ${call().replaceAll("'", "''")}', true, true, '')`,
    () => `select * from ts_stat('select to_tsvector(${call().replaceAll("'", "''")})')`,
  ];
  const decoy = (): string => (random() < 0.3 ? '' : pick(decoys) + mayGap() + ';' + mayGap());
  return () => `${decoy()}${decoy()}${mayGap()}${pick(ways)()}${mayGap()}${pick(['', ';', '; select 2', ';--'])}`;
}

/** What may stand between two words: https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
const gaps = [
  ' ',
  '\n',
  '\r',
  '\t',
  '\f',
  '\v',
  '/**/',
  '/*x*/',
  '--\n',
  '--\r',
  '-- x\r\n',
  '/*/**/*/',
  "/*'*/",
  '/*"*/',
  "--'\r",
  '--/*\r',
  '/* * / */',
  '/*$$*/',
  ' /*;*/ ',
];
const names = [
  'app.tenant_id',
  'APP.Tenant_ID',
  '"app"."tenant_id"',
  '"app.tenant_id"',
  'app . "tenant_id"',
  'app/*.*/./*.*/tenant_id',
  String.raw`U&"\0061pp.tenant_id"`,
];
const literals = [
  "'app.tenant_id'",
  "'APP.TENANT_ID'",
  String.raw`E'app.tenant\x5fid'`,
  String.raw`U&'app.tenant\005fid'`,
  "'app.'\n'tenant_id'",
  "'app.'||'tenant_id'",
  '$$app.tenant_id$$',
  "concat('app.','tenant_id')",
  "(select 'app.tenant_id')",
];
const decoys = [
  'select 1',
  "select '--'",
  String.raw`select e'\''`,
  'select $$;$$',
  'select "a""b" from (select 1 as "a""b") x',
  "/* ' */ select 1",
  "select 'it''s'",
  String.raw`select U&'\0027'`,
  'select 1 as "x;y"',
  "select $a$ '$a$",
  String.raw`select 'é\'`,
  'select $é$x$é$',
  String.raw`select 1 as e, '\'`,
  "select 1 as ée, 'a'",
  'select $_$ $a$ $_$',
  "select 1 --'\n",
  "select 1 /*'*/",
  'select "\'" from (select 1 as "\'") x',
  "select 1 as x$y$z, '$y$'",
  "select 'a'\n'b'",
];

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
