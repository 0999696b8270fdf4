import type { CallExpression, Expression, Node } from 'oxc-parser';
import { findAll, isCall, keyName, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { importFromGuard, importOf, placeOf, usesOf } from './app.ts';
import type { GuardedApp } from './app.ts';
import { isAddress, isFromPackage, optionValue } from './drizzle-options.ts';
import { driver, moveResults } from './execute-results.ts';
import { poolOptions } from './pool-options.ts';
import { dropUnused, moveImports, moveTypes } from './postgres-imports.ts';
import { isSimple, rawUses } from './postgres-sql.ts';
import { variableOfClient } from './references.ts';
import type { Variable } from './references.ts';
import { beginUses, moveUses } from './rewrite-sql.ts';

/** A client of postgres.js that the app makes. */
interface Client {
  readonly parsed: ParsedFile;
  readonly call: CallExpression;
  readonly variable: Variable | undefined;
  /** What `openPool` is given instead. */
  readonly pool: string;
}

/**
 * Moves an app from postgres.js to node-postgres, on which a statement can carry its scope. What only postgres.js can do
 * stays there, in transactions that carry the scope; what nobody can tell is named.
 */
export function movePostgresJs(app: GuardedApp, isOwn: (parsed: ParsedFile, node: Node) => boolean): void {
  const files = [...app.running].flatMap(file => {
    const text = app.texts.read(file) ?? '';
    if (text.includes('@drydock/guard/postgres-js')) return [];
    return /['"](?:postgres|drizzle-orm\/postgres-js)['"]/.test(text) ? (app.set.parsed(file) ?? []) : [];
  });
  for (const parsed of files) {
    const clients = clientsIn(app, parsed).filter(client => !isOwn(parsed, client.call));
    const moved = clients.filter(client => moveClient(app, client));
    moveDrizzle(app, parsed, clients);
    moveImports(app, parsed, moved.length === clients.length ? moved.map(client => client.call) : undefined);
  }
  if (files.length === 0) return;
  moveTypes(app, files, driver);
  moveResults(app);
  dropUnused(app, files);
}

function clientsIn(app: GuardedApp, parsed: ParsedFile): readonly Client[] {
  return findAll(parsed.program, isCall).flatMap(call => {
    if (!isFromPackage(app, parsed, call, 'postgres')) return [];
    const pool = poolText(app, parsed, call);
    return pool === undefined ? [] : [{ parsed, call, pool, variable: variableOfClient(parsed, call) }];
  });
}

/** `openPool({ connectionString: url, max: 5 })` for `postgres(url, { max: 5 })`. */
function poolText(app: GuardedApp, parsed: ParsedFile, call: CallExpression): string | undefined {
  const [first, second] = call.arguments;
  if (first?.type === 'SpreadElement' || second?.type === 'SpreadElement') return undefined;
  const url = first === undefined || first.type === 'ObjectExpression' ? undefined : first;
  const options = url === undefined ? first : second;
  const made = options === undefined ? { text: [], untold: [] } : poolOptions(parsed, options);
  if (made === undefined) {
    app.notes.push(
      `${placeOf(parsed, call)} makes its client with options that are not written out there: write openPool({ … }) by hand, as node-postgres names them.`,
    );
    return undefined;
  }
  for (const each of made.untold) app.notes.push(`${placeOf(parsed, call)}: ${each}.`);
  const text = [...(url === undefined ? [] : [`connectionString: ${textOf(parsed, url)}`]), ...made.text];
  return text.length === 0 ? 'openPool({})' : `openPool({ ${text.join(', ')} })`;
}

/** Whether the client as a whole went over; where it did not, its queries are in transactions with the scope. */
function moveClient(app: GuardedApp, client: Client): boolean {
  const uses = client.variable === undefined ? [] : rawUses(app, client.variable);
  if (isSimple(uses)) {
    app.edits.replace(client.parsed, client.call, client.pool);
    moveUses(app, uses);
    return true;
  }
  if (client.variable !== undefined) stayWithBegin(app, client, client.variable, uses);
  return false;
}

function stayWithBegin(
  app: GuardedApp,
  { parsed }: Client,
  variable: Variable,
  uses: ReturnType<typeof rawUses>,
): void {
  const name = usesOf(parsed, 'begin', []).length === 0 ? 'begin' : 'beginAs';
  const left = beginUses(app, uses, { file: parsed.file, name });
  const statement = parsed.program.body.find(each =>
    findAll(each, (node): node is Node => node.type === 'VariableDeclarator').some(
      node => node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && node.id.name === variable.name,
    ),
  );
  const library = importOf(parsed, 'postgres')?.specifiers.find(each => each.type === 'ImportDefaultSpecifier');
  if (statement === undefined || library === undefined) return;
  app.needs.add('policy');
  app.edits.import(parsed, { name: 'guardBegin', from: '@drydock/guard/postgres-js' });
  importFromGuard(app, parsed, 'policy');
  app.edits.insert(
    parsed,
    statement.end,
    `\n\n/** A transaction of postgres.js that carries who is asking. */\nexport const ${name} = guardBegin<${library.local.name}.TransactionSql>(${variable.name}, policy);`,
  );
  app.notes.push(
    `'${parsed.file}' keeps postgres.js for what node-postgres cannot do: those queries run in '${name}', of four trips instead of one.`,
  );
  for (const use of left) {
    const what = use.kind === 'other' ? use.what : `'unsafe' of postgres.js`;
    app.notes.push(
      `${placeOf(use.parsed, use.node)} uses postgres.js (${what}): put it into ${name}(async tx => …). Outside of it no row is seen.`,
    );
  }
}

/** `drizzle(url)`, `drizzle({ connection })`, and `drizzle(client)` where the client stays with postgres.js. */
function moveDrizzle(app: GuardedApp, parsed: ParsedFile, clients: readonly Client[]): void {
  for (const call of findAll(parsed.program, isCall).filter(each => isFromPackage(app, parsed, each, driver)))
    moveDrizzleCall(app, parsed, call, clients);
}

function moveDrizzleCall(app: GuardedApp, parsed: ParsedFile, call: CallExpression, clients: readonly Client[]): void {
  const [first] = call.arguments;
  if (first === undefined || first.type === 'SpreadElement') return;
  const given =
    first.type === 'ObjectExpression' ? optionValue(first, ['client', 'connection']) : { key: '', value: first };
  if (given === undefined) return;
  const { value } = given;
  const own = clients.find(client => client.call === value);
  if (own !== undefined) return; // It is replaced where it stands, or stays with a note.
  const pool =
    given.key === 'connection' ? connectionPool(app, parsed, value) : poolOfClient(app, parsed, value, clients);
  if (pool === undefined) return;
  if (given.at?.start === value.start) app.edits.replace(parsed, value, `client: ${pool}`);
  else {
    app.edits.replace(parsed, value, pool);
    if (given.key === 'connection' && given.at !== undefined) app.edits.replace(parsed, given.at, 'client');
  }
  importFromGuard(app, parsed, 'openPool');
}

function connectionPool(app: GuardedApp, parsed: ParsedFile, value: Expression): string | undefined {
  if (value.type !== 'ObjectExpression') return `openPool({ connectionString: ${textOf(parsed, value)} })`;
  const url = optionValue(value, ['url']);
  const rest = {
    ...value,
    properties: value.properties.filter(each => each.type !== 'Property' || keyName(each.key) !== 'url'),
  };
  const made = poolOptions(parsed, rest);
  if (made === undefined) return undefined;
  for (const each of made.untold) app.notes.push(`${placeOf(parsed, value)}: ${each}.`);
  const text = [...(url === undefined ? [] : [`connectionString: ${textOf(parsed, url.value)}`]), ...made.text];
  return `openPool({ ${text.join(', ')} })`;
}

/** A text is the address of the database; a client that stays gets a pool beside it. */
function poolOfClient(
  app: GuardedApp,
  parsed: ParsedFile,
  value: Expression,
  clients: readonly Client[],
): string | undefined {
  if (value.type !== 'Identifier')
    return isAddress(value) ? `openPool({ connectionString: ${textOf(parsed, value)} })` : undefined;
  const client = clients.find(each => each.variable?.name === value.name);
  if (client === undefined) {
    const declared = app.set.declarationOf(parsed.file, value.name);
    return declared === undefined || /url|connection/i.test(value.name)
      ? `openPool({ connectionString: ${value.name} })`
      : undefined;
  }
  const uses = client.variable === undefined ? [] : rawUses(app, client.variable);
  return isSimple(uses) ? undefined : client.pool;
}
