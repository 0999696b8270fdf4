import type { Expression, ObjectExpression, ObjectProperty } from 'oxc-parser';
import { keyName, stringValue, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';

/** Options of postgres.js as those of node-postgres, and what has no equal there. */
export interface PoolOptions {
  /** The text between the braces. */
  readonly text: readonly string[];
  /** One sentence each, about the file. */
  readonly untold: readonly string[];
}

/** What is the same under another name: https://github.com/porsager/postgres#connection-details */
const renamed = new Map([
  ['host', 'host'],
  ['hostname', 'host'],
  ['port', 'port'],
  ['path', 'host'],
  ['database', 'database'],
  ['db', 'database'],
  ['user', 'user'],
  ['username', 'user'],
  ['password', 'password'],
  ['pass', 'password'],
  ['max', 'max'],
  ['max_lifetime', 'maxLifetimeSeconds'],
]);

/** Seconds there, milliseconds here. */
const seconds = new Map([
  ['idle_timeout', 'idleTimeoutMillis'],
  ['connect_timeout', 'connectionTimeoutMillis'],
]);

/** Settings of the session that node-postgres takes as options of its own. */
const session = new Set([
  'application_name',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
]);

/** Without effect in node-postgres, or what it does anyway. A pooler is found by the guard itself. */
const needless = new Set(['prepare', 'fetch_types', 'onnotice', 'debug', 'backoff', 'max_pipeline', 'keep_alive']);

/** `{ max: 5, idle_timeout: 20 }` as node-postgres has it; nothing where the options are not written out. */
export function poolOptions(parsed: ParsedFile, options: Expression): PoolOptions | undefined {
  if (options.type !== 'ObjectExpression') return undefined;
  if (options.properties.some(property => property.type === 'SpreadElement')) return undefined;
  const text: string[] = [];
  const untold: string[] = [];
  for (const property of properties(options)) {
    const name = keyName(property.key);
    if (name === undefined) return undefined;
    const made = optionOf(parsed, name, property);
    text.push(...made.text);
    untold.push(...made.untold);
  }
  return { text, untold };
}

function properties(object: ObjectExpression): readonly ObjectProperty[] {
  return object.properties.filter(property => property.type === 'Property');
}

function optionOf(parsed: ParsedFile, name: string, property: ObjectProperty): PoolOptions {
  const value = textOf(parsed, property.value);
  const known = renamed.get(name);
  if (known !== undefined)
    return { text: [property.shorthand && known === name ? name : `${known}: ${value}`], untold: [] };
  const milliseconds = seconds.get(name);
  if (milliseconds !== undefined)
    return { text: [`${milliseconds}: ${timesThousand(property.value, value)}`], untold: [] };
  if (needless.has(name)) return { text: [], untold: [] };
  if (name === 'ssl') return sslOf(property.value, value);
  if (name === 'connection' && property.value.type === 'ObjectExpression') return sessionOf(parsed, property.value);
  return { text: [], untold: [`'${name}: ${shortened(value)}' of postgres.js has no equal in node-postgres`] };
}

function timesThousand(node: Expression, text: string): string {
  if (node.type === 'Literal' && typeof node.value === 'number') return grouped(node.value * 1000);
  return node.type === 'Identifier' || node.type === 'MemberExpression' ? `${text} * 1000` : `(${text}) * 1000`;
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, '_');
}

/** postgres.js does not verify the server for 'require'; node-postgres verifies unless it is told not to. */
function sslOf(node: Expression, value: string): PoolOptions {
  switch (stringValue(node)) {
    case undefined:
      return { text: [`ssl: ${value}`], untold: [] };
    case 'require':
      return { text: ['ssl: { rejectUnauthorized: false }'], untold: [] };
    case 'verify-full':
      return { text: ['ssl: true'], untold: [] };
    default:
      return {
        text: ['ssl: { rejectUnauthorized: false }'],
        untold: [
          `'ssl: ${value}' of postgres.js goes on without encryption where the server has none, and node-postgres does not`,
        ],
      };
  }
}

function sessionOf(parsed: ParsedFile, settings: ObjectExpression): PoolOptions {
  const text: string[] = [];
  const untold: string[] = [];
  for (const property of settings.properties) {
    const name = property.type === 'Property' ? keyName(property.key) : undefined;
    if (property.type === 'Property' && name !== undefined && session.has(name))
      text.push(`${name}: ${textOf(parsed, property.value)}`);
    else
      untold.push(
        `the setting '${shortened(textOf(parsed, property))}' of each connection has no equal in node-postgres`,
      );
  }
  return { text, untold };
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
