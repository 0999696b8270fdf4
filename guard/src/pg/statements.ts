import type { LeftThrough } from './leaving.ts';

/** What kind of statement a text is, as far as the guard must know before it is sent. */
export type StatementKind =
  /** Opens or ends a transaction or savepoint: goes through as it is. */
  | 'transaction'
  /** Asks for no table: start-up questions of drivers, health checks, LISTEN. */
  | 'harmless'
  /** One statement: travels with its scope under one Sync. */
  | 'single'
  /** Several statements in one text: only the simple protocol takes them. */
  | 'several'
  /** Would change what the guard sets. */
  | 'tampering';

/** What is known of a text before it is sent. */
export interface Judgement {
  readonly kind: StatementKind;
  readonly leaves?: Left;
}

/**
 * What a statement leaves on its connection for the next one to find: rows (a temporary table, a cursor that outlives its
 * transaction), or a setting of the app that tables or functions are found by.
 */
export type Left = 'rows' | 'setting';

/** The names of the settings that the guard writes; no statement of the app may. */
export interface SettingNames {
  readonly tenant: string;
  readonly user: string;
}

const transaction = /^(?:begin|start transaction|commit|end|rollback|abort|savepoint|release|prepare transaction)\b/;

const harmless: ReadonlySet<string> = new Set([
  'select 1',
  'select 1+1',
  'select 1 + 1',
  'select version()',
  'select current_database()',
  'select current_schema()',
  'select * from current_schema()',
  'select * from current_database()',
  'show server_version',
  'show server_version_num',
  'show search_path',
  'show transaction isolation level',
]);

const limit = 2_000;

/**
 * Makes the judge of statements; what it said of a text it remembers, since apps send the same few texts again and again.
 * `through` knows the functions of the database that leave something.
 */
export function statementJudge(settings: SettingNames, through?: LeftThrough): (text: string | undefined) => Judgement {
  const known = new Map<string, Judgement>();
  return text => {
    // It runs a statement that was prepared before, under its name.
    if (text === undefined) return byName;
    const before = known.get(text);
    if (before !== undefined) return before;
    const judged = judgementOf(text, settings, through);
    if (known.size >= limit) known.clear();
    known.set(text, judged);
    return judged;
  };
}

const byName: Judgement = { kind: 'single' };

function judgementOf(text: string, settings: SettingNames, through: LeftThrough | undefined): Judgement {
  const plain = withoutLiterals(text).toLowerCase();
  if (tampers(text, plain, settings)) return { kind: 'tampering' };
  const left = leaves(plain) ?? through?.(plain);
  return { kind: kindOf(plain), ...(left === undefined ? {} : { leaves: left }) };
}

function kindOf(plain: string): StatementKind {
  const statements = plain.split(';').filter(part => part.trim() !== '');
  if (statements.length > 1) return 'several';
  const only = (statements[0] ?? '').trim().replaceAll(/\s+/g, ' ');
  if (only === '' || harmless.has(only) || /^(?:listen|unlisten|notify|set|reset|show)[ "]/.test(only))
    return 'harmless';
  return transaction.test(only) ? 'transaction' : 'single';
}

function leaves(plain: string): Left | undefined {
  if (/\bwith\s+hold\b|\bpg_temp/.test(plain) || countOf(temporary, plain) > countOf(dropped, plain)) return 'rows';
  const lasts =
    setsForSession.test(plain.replaceAll('"', ' ')) || countOf(setting, plain) > countOf(localSetting, plain);
  return lasts ? 'setting' : undefined;
}

function countOf(pattern: RegExp, text: string): number {
  return [...text.matchAll(pattern)].length;
}

/** Where names are looked up, and settings of the app's own, which have a dot in their name. */
const temporary = /\b(?:create|into)\s+(?:local\s+|global\s+)?temp(?:orary)?\b/g;
const dropped = /\bon\s+commit\s+drop\b/g;
const setting = /\bset_config\b/g;
const localSetting = /\bset_config\s*\((?:[^()]|\([^()]*\))*,\s*true\s*\)/g;
const setsForSession = /(?:^|;)\s*set\s+(?:session\s+)?(?:search_path|schema|[a-z_][\w$]*\s*\.)/;

/**
 * Whether a text could change the settings or the role that the policies read. It is asked of what an attacker may have
 * put into raw SQL, so that it is read in three ways, and what cannot be read for certain counts as an attempt.
 * https://www.postgresql.org/docs/current/sql-set.html
 */
function tampers(text: string, plain: string, settings: SettingNames): boolean {
  const raw = text.toLowerCase();
  if (!suspicious.test(raw)) return false;
  const readings = [raw, raw.replaceAll(/--[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$)/g, ' '), plain].map(reading =>
    reading.replaceAll('"', ' '),
  );
  return (
    raw.includes('u&"') ||
    /\/\*(?:(?!\*\/)[\s\S])*\/\*/.test(raw) ||
    readings.some(reading => sets(reading, settings)) ||
    callsSetConfig(raw, settings) ||
    runsHiddenText(raw)
  );
}

/** Texts without any of these words change no setting; nearly every text of an app is done here. */
const suspicious =
  /\b(?:set|reset|discard|do|alter|function|procedure|prepare|deallocate)\b|set_config|pg_settings|u&"|query_to_xml|ts_stat|ts_rewrite|crosstab|connectby|xpath_table|dblink/;

/** What may stand between two words: https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
const gap = String.raw`(?:\s|--[^\n\r]*(?:[\n\r]|$)|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))`;
const settingStatement = new RegExp(
  String.raw`(?:^|;)${gap}*(?:set|reset)${gap}+(?:(?:local|session)${gap}+)*([a-z_][\w$]*(?:${gap}*\.${gap}*[a-z_][\w$]*)?)`,
  'g',
);
const discardsAll = new RegExp(String.raw`(?:^|;)${gap}*discard${gap}+all\b`);

/** A role, a database and a function may keep a setting; a role may set its own. */
const altersRole = new RegExp(
  String.raw`(?:^|;)${gap}*alter${gap}+(?:role|user|database|system|function|procedure|routine)\b`,
);

/** `SET`, `RESET` and `DISCARD` begin a statement, so that the `set` of an update is none of them. */
function sets(reading: string, settings: SettingNames): boolean {
  const named = [...reading.matchAll(settingStatement)];
  return (
    named.some(match => forbidden.has(match[1] ?? '') || guarded(match[1] ?? '', settings)) ||
    discardsAll.test(reading) ||
    altersRole.test(reading) ||
    (/\bpg_settings\b/.test(reading) && /\b(?:update|create|merge|insert)\b/.test(reading)) ||
    (/\bdrydock_/.test(reading) && /\b(?:prepare|deallocate)\b/.test(reading))
  );
}

const forbidden: ReadonlySet<string> = new Set(['role', 'all', 'authorization', 'session_authorization']);

/** A call is let through only with a name that stands there as a plain text and is none of the guard's. */
function callsSetConfig(raw: string, settings: SettingNames): boolean {
  const calls = [...raw.matchAll(/set_config"?(?:\s*\(\s*'([^'\\]*)'\s*,)?/g)];
  return calls.some(([, name]) => name === undefined || forbidden.has(name.trim()) || guarded(name, settings));
}

/**
 * `DO`, `CREATE FUNCTION` and `crosstab` run a text that could be put together from pieces. They are let through with one
 * plain text that holds none of the words by which a setting is changed or a text is put together. The other functions
 * that run a text have no place in a request.
 */
function runsHiddenText(raw: string): boolean {
  if (/query_to_xml|\bts_stat\b|ts_rewrite|connectby|xpath_table|\bdblink/.test(raw)) return true;
  if (bodies.test(raw)) return !oneBody.test(raw) || changing.test(raw);
  return raw.includes('crosstab') && (!literalCrosstab.test(raw) || changing.test(raw));
}

const bodies = new RegExp(
  String.raw`(?:^|;)${gap}*(?:do\b|create${gap}+(?:or${gap}+replace${gap}+)?(?:function|procedure)\b)`,
);
const oneBody = /^[^$']*(\$\w*\$)[\s\S]*?\1[^$']*$/;
const literalCrosstab = /crosstab\w*"?\s*\(\s*(?:'(?:[^'\\]|'')*'(?!\s*')|\$\$[^$]*\$\$)\s*[,)]/;
const changing =
  /\b(?:execute|set|reset|format|concat\w*|chr|convert_from|decode|replace|reverse|translate)\b|set_config|\|\|/;

function guarded(name: string, settings: SettingNames): boolean {
  const plain = name.replaceAll(new RegExp(gap, 'g'), '');
  return plain === settings.tenant.toLowerCase() || plain === settings.user.toLowerCase();
}

/**
 * The text without comments and without what stands between quotes; quoted names stay.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function withoutLiterals(text: string): string {
  return text.replaceAll(
    /--[^\n\r]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$)|\be'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|(\$(?:[a-z_]\w*)?\$)[\s\S]*?(?:\1|$)/gi,
    match =>
      match.startsWith('"') ? match.replaceAll(';', '') : match.startsWith('-') || match.startsWith('/') ? ' ' : "''",
  );
}
