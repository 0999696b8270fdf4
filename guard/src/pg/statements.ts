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

/** Makes the judge of statements; what it said of a text it remembers, since apps send the same few texts again and again. */
export function statementJudge(settings: SettingNames): (text: string | undefined) => StatementKind {
  const known = new Map<string, StatementKind>();
  return text => {
    // Without a text it runs a statement that was prepared before, under its name.
    if (text === undefined) return 'single';
    const before = known.get(text);
    if (before !== undefined) return before;
    const kind = kindOf(text, settings);
    if (known.size >= limit) known.clear();
    known.set(text, kind);
    return kind;
  };
}

function kindOf(text: string, settings: SettingNames): StatementKind {
  const plain = withoutLiterals(text).toLowerCase();
  if (tampers(text, plain, settings)) return 'tampering';
  const statements = plain.split(';').filter(part => part.trim() !== '');
  if (statements.length > 1) return 'several';
  const only = (statements[0] ?? '').trim().replaceAll(/\s+/g, ' ');
  if (only === '' || harmless.has(only) || /^(?:listen|unlisten|notify) /.test(only)) return 'harmless';
  return transaction.test(only) ? 'transaction' : 'single';
}

/**
 * Whether a text could change the settings or the role that the policies read. It is asked of what an attacker may have
 * put into raw SQL, so that it is read in three ways, and what cannot be read for certain counts as an attempt.
 * https://www.postgresql.org/docs/current/sql-set.html
 */
function tampers(text: string, plain: string, settings: SettingNames): boolean {
  const raw = text.toLowerCase();
  if (!suspicious.test(raw)) return false;
  const readings = [raw, raw.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' '), plain].map(reading =>
    reading.replaceAll('"', ''),
  );
  return (
    raw.includes('u&"') ||
    /\/\*(?:(?!\*\/)[\s\S])*\/\*/.test(raw) ||
    readings.some(reading => sets(reading, settings)) ||
    callsSetConfig(raw, settings)
  );
}

/** Texts without any of these words change no setting; nearly every text of an app is done here. */
const suspicious = /\b(?:set|reset|discard|do)\b|set_config|pg_settings|u&"/;

/** `SET`, `RESET`, `DISCARD` and `DO` begin a statement, so that the `set` of an update is none of them. */
function sets(reading: string, settings: SettingNames): boolean {
  const named = [
    ...reading.matchAll(/(?:^|;)\s*(?:set|reset)\s+(?:local\s+|session\s+)?([a-z_][\w$]*(?:\s*\.\s*[a-z_][\w$]*)?)/g),
  ];
  return (
    named.some(match => forbidden.has(match[1] ?? '') || guarded(match[1] ?? '', settings)) ||
    /(?:^|;)\s*discard\s+all\b/.test(reading) ||
    /\bupdate\s+(?:only\s+)?(?:pg_catalog\s*\.\s*)?pg_settings\b/.test(reading) ||
    (/(?:^|;)\s*do\b/.test(reading) && /\b(?:execute|set|reset)\b|set_config/.test(reading))
  );
}

const forbidden: ReadonlySet<string> = new Set(['role', 'all', 'authorization', 'session_authorization']);

/** A call is let through only with a name that stands there as a plain text and is none of the guard's. */
function callsSetConfig(raw: string, settings: SettingNames): boolean {
  const calls = [...raw.matchAll(/set_config"?(?:\s*\(\s*'([^'\\]*)'\s*,)?/g)];
  return calls.some(([, name]) => name === undefined || forbidden.has(name.trim()) || guarded(name, settings));
}

function guarded(name: string, settings: SettingNames): boolean {
  const plain = name.replaceAll(/\s/g, '');
  return plain === settings.tenant.toLowerCase() || plain === settings.user.toLowerCase();
}

/**
 * The text without comments and without what stands between quotes; quoted names stay.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function withoutLiterals(text: string): string {
  return text.replaceAll(
    /--[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|\be'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|(\$(?:[a-z_]\w*)?\$)[\s\S]*?\1/gi,
    match =>
      match.startsWith('"') ? match.replaceAll(';', '') : match.startsWith('-') || match.startsWith('/') ? ' ' : "''",
  );
}
