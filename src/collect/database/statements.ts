import libpg, { type ParseResult, type RawStmt } from 'libpg-query';
import { messageOf } from '../../core/error.ts';
import { kindOfStatement, type StatementKind } from './statement-kind.ts';

/** One statement of a migration. */
export interface Statement {
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
  readonly kind: StatementKind;
}

/** Loads the parser; every function below needs it. */
export async function loadParser(): Promise<void> {
  await libpg.loadModule();
}

/** Splits a file as Postgres would: dollar quotes, strings and comments are respected. */
export function splitStatements(text: string): readonly Statement[] {
  const source = new Source(blankReverse(blankMetaCommands(blankCopied(text))));
  const whole = tryParse(source.text);
  return whole === undefined ? splitBySemicolon(source) : statementsOf(source, whole.stmts ?? []);
}

/** The statements within a `do` block that make something, plain or executed as a text, on their own lines. */
export function statementsWithin(block: Statement): readonly Statement[] {
  const code = block.text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, comment => comment.replaceAll(/[^\n]/g, ' '));
  const starts = /'?\bcreate\s+(?:or\s+replace\s+)?(?:policy|table|view|materialized\s+view)\b/gi;
  return [...code.matchAll(starts)].flatMap(match => {
    const isText = match[0].startsWith("'");
    const start = match.index + (isText ? 1 : 0);
    const [text = ''] =
      (isText ? /^(?:[^']|'')*/ : /^(?:[^;'"]|'(?:[^']|'')*'|"[^"]*")*/).exec(code.slice(start)) ?? [];
    const line = block.line + newlinesIn(code.slice(0, start));
    const made = (isText ? text.replaceAll("''", "'") : text).trim();
    return [{ text: made, line, endLine: line + newlinesIn(made), kind: kindOfText(made) }];
  });
}

function newlinesIn(text: string): number {
  return text.split('\n').length - 1;
}

function statementsOf(source: Source, nodes: readonly RawStmt[]): readonly Statement[] {
  return nodes.map(node => {
    const start = node.stmt_location ?? 0;
    const end = node.stmt_len === undefined || node.stmt_len === 0 ? source.bytes.length : start + node.stmt_len;
    return source.statement(start, end, kindOfStatement(node.stmt));
  });
}

/** One statement cannot be parsed: the others shall not be lost with it. */
function splitBySemicolon(source: Source): readonly Statement[] {
  const statements: Statement[] = [];
  let start = 0;
  for (const end of [...semicolons(source), source.bytes.length]) {
    const text = source.slice(start, end).trim();
    if (text !== '') statements.push(source.statement(start, end, kindOfText(text)));
    start = end + 1;
  }
  return statements.filter(statement => statement.text !== '');
}

function semicolons(source: Source): readonly number[] {
  try {
    const scanned = libpg.scanSync(source.text);
    return scanned.tokens.filter(token => token.text === ';').map(token => token.start);
  } catch {
    return []; // not even words can be told apart: the whole file is one statement, and Postgres will say why
  }
}

function kindOfText(text: string): StatementKind {
  try {
    return kindOfStatement(libpg.parseSync(text).stmts?.[0]?.stmt);
  } catch (thrown) {
    return { kind: 'unparsed', reason: messageOf(thrown) };
  }
}

function tryParse(text: string): ParseResult | undefined {
  try {
    return libpg.parseSync(text);
  } catch {
    return undefined;
  }
}

/** Rows that a dump has in the text after `copy … from stdin;`, up to `\\.`, are no SQL, whatever stands in them. */
function blankCopied(text: string): string {
  if (!/^\\\.\s*$/m.test(text)) return text;
  let isData = false;
  return text
    .split('\n')
    .map(line => {
      const wasData = isData;
      isData = wasData ? !/^\\\.\s*$/.test(line) : /^copy\s.*\sfrom\s+stdin\b.*;\s*$/i.test(line);
      return wasData ? '' : line;
    })
    .join('\n');
}

/** `psql` commands such as `\restrict`, which pg_dump writes, are no SQL. */
function blankMetaCommands(text: string): string {
  return text.replace(/^\\[a-z!].*$/gm, command => ' '.repeat(command.length));
}

/**
 * What takes a migration back stands in the same file in goose, sql-migrate, dbmate, node-pg-migrate and tern, and is not run when it is applied.
 * https://pressly.github.io/goose/documentation/annotations/ · https://github.com/amacneil/dbmate#creating-migrations
 * https://salsita.github.io/node-pg-migrate/migrations/
 */
function blankReverse(text: string): string {
  const reverse =
    /^\s*--[\s-]*(?:\+\w+[ \t]+down\b|migrate:down\b|create above \/ drop below|down[ \t]+migration\s*$|\/\/[ \t]*@undo\b)/i;
  const forward = /^\s*--[\s-]*(?:\+\w+[ \t]+up\b|migrate:up\b|up[ \t]+migration\s*$)/i;
  let isReverse = false;
  return text
    .split('\n')
    .map(line => {
      isReverse = reverse.test(line) || (isReverse && !forward.test(line));
      return isReverse ? '' : line;
    })
    .join('\n');
}

/** The parser counts bytes, JavaScript counts UTF-16 units. */
class Source {
  readonly text: string;
  readonly bytes: Buffer;
  /** Bytes whose line breaks were counted, and how many there were: statements come in order. */
  #counted = { bytes: 0, lines: 0 };

  constructor(text: string) {
    this.text = text;
    this.bytes = Buffer.from(text, 'utf8');
  }

  slice(start: number, end: number): string {
    return this.bytes.subarray(start, end).toString('utf8');
  }

  statement(start: number, end: number, kind: StatementKind): Statement {
    const raw = this.slice(start, end);
    const body = raw.slice(lengthOfPreface(raw));
    const line = this.#linesBefore(start) + countLines(raw.slice(0, raw.length - body.length)) + 1;
    const text = body.trimEnd();
    return { text, line, endLine: line + countLines(text), kind };
  }

  #linesBefore(offset: number): number {
    const from = offset < this.#counted.bytes ? { bytes: 0, lines: 0 } : this.#counted;
    let { lines } = from;
    for (let at = this.bytes.indexOf(10, from.bytes); at !== -1 && at < offset; at = this.bytes.indexOf(10, at + 1))
      lines += 1;
    this.#counted = { bytes: offset, lines };
    return lines;
  }
}

/** Blanks and comments before the first word. */
function lengthOfPreface(text: string): number {
  return /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(text)?.[0].length ?? 0;
}

function countLines(text: string): number {
  return text.split('\n').length - 1;
}
