import { didYouMean } from '../core/nearest.ts';
import type { Place } from '../core/place.ts';
import { configError, readLiteral, type Field, type Literal } from './literal.ts';

/** Something the user declared, with the place where it is written. */
export interface Declared<T> {
  readonly name: string;
  readonly value: T;
  readonly place: Place;
}

/** A value of a call: an argument or the result, and the fields from there. */
export interface ValuePlace {
  readonly of: 'result' | number;
  readonly fields: readonly string[];
}

/** What a guard establishes. */
export interface DeclaredGuard {
  readonly signedIn: boolean;
  readonly member: ValuePlace | undefined;
  readonly role: { readonly roles: readonly string[]; readonly of: ValuePlace | undefined } | undefined;
  readonly system: boolean;
  /** Absent: decided by what the function returns. */
  readonly when: 'returns' | 'truthy' | readonly string[] | undefined;
}

/** What a function says of who is signed in: the attribute, and the fields of the result in which it stands. */
export interface DeclaredPrincipal {
  readonly attributes: readonly { readonly attribute: string; readonly fields: readonly string[] }[];
  readonly always: boolean;
}

/** The configuration, checked. Empty where there is no file. */
export interface Config {
  readonly file: string | undefined;
  readonly guards: readonly Declared<DeclaredGuard>[];
  readonly principals: readonly Declared<DeclaredPrincipal>[];
  /** With the reason as the value. */
  readonly publicEntries: readonly Declared<string>[];
  readonly publicTables: readonly Declared<string>[];
  readonly tenancy: DeclaredTenancy;
  readonly ignore: readonly Declared<string>[];
}

/** Corrections of who owns what. */
export interface DeclaredTenancy {
  readonly root: Declared<string> | undefined;
  readonly users: Declared<string> | undefined;
  readonly memberships: readonly Declared<string>[] | undefined;
  readonly owners: readonly Declared<DeclaredHop>[];
  readonly secretColumns: readonly Declared<readonly string[]>[];
  readonly openColumns: readonly Declared<readonly string[]>[];
}

/** From a column to the row it leads to; to the tenant itself where no table is named. */
export interface DeclaredHop {
  readonly column: string;
  readonly to: { readonly table: string; readonly column: string } | undefined;
}

/** A configuration that declares nothing. */
export const noConfig: Config = {
  file: undefined,
  guards: [],
  principals: [],
  publicEntries: [],
  publicTables: [],
  tenancy: {
    root: undefined,
    users: undefined,
    memberships: undefined,
    owners: [],
    secretColumns: [],
    openColumns: [],
  },
  ignore: [],
};

/** Names under which a configuration is looked for, in this order. */
export const configNames: readonly string[] = ['ts', 'mts', 'mjs', 'js', 'json'].map(
  extension => `drydock.config.${extension}`,
);

/** Reads a configuration without running it. Throws for what it does not say clearly, with file and line. */
export function readConfig(file: string, text: string): Config {
  const source = { file };
  const root = object(readLiteral(file, text), source);
  known(root, ['guards', 'principals', 'public', 'tenancy', 'ignore'], source);
  const shared = section(root, 'public', source);
  known(shared, ['entries', 'tables'], source);
  return {
    file,
    guards: entries(section(root, 'guards', source)).map(each => declared(each, source, readGuard)),
    principals: entries(section(root, 'principals', source)).map(each => declared(each, source, readPrincipal)),
    publicEntries: entries(section(shared, 'entries', source)).map(each => declared(each, source, reason)),
    publicTables: entries(section(shared, 'tables', source)).map(each => declared(each, source, reason)),
    tenancy: readTenancy(section(root, 'tenancy', source), source),
    ignore: texts(root.fields.get('ignore'), source),
  };
}

interface Source {
  readonly file: string;
}

type ObjectLiteral = Extract<Literal, { kind: 'object' }>;

const nothing: ObjectLiteral = { kind: 'object', fields: new Map(), line: 1 };

function object(literal: Literal, { file }: Source): ObjectLiteral {
  if (literal.kind === 'object') return literal;
  throw configError(file, literal.line, 'An object belongs here.');
}

function section(parent: ObjectLiteral, name: string, source: Source): ObjectLiteral {
  const field = parent.fields.get(name);
  return field === undefined ? nothing : object(field.value, source);
}

function known(literal: ObjectLiteral, names: readonly string[], { file }: Source): void {
  for (const [name, { line }] of literal.fields) {
    if (!names.includes(name))
      throw configError(
        file,
        line,
        `'${name}' means nothing here.${didYouMean(name, names)}`,
        `Known: ${names.join(', ')}.`,
      );
  }
}

function entries(literal: ObjectLiteral): readonly (readonly [string, Field])[] {
  return [...literal.fields];
}

function declared<T>(
  [name, field]: readonly [string, Field],
  source: Source,
  read: (value: Literal, source: Source, name: string) => T,
): Declared<T> {
  return { name, value: read(field.value, source, name), place: { file: source.file, line: field.line } };
}

function text(literal: Literal, { file }: Source): string {
  if (literal.kind === 'text' && literal.value.trim() !== '') return literal.value;
  throw configError(file, literal.line, 'A text belongs here.');
}

function reason(literal: Literal, source: Source): string {
  if (literal.kind === 'text' && literal.value.trim() !== '') return literal.value;
  throw configError(source.file, literal.line, 'A reason belongs here: say in a few words why everybody may.');
}

function texts(field: Field | undefined, source: Source): readonly Declared<string>[] {
  if (field === undefined) return [];
  if (field.value.kind !== 'list') throw configError(source.file, field.line, 'A list of texts belongs here.');
  return field.value.items.map(item => {
    const value = text(item, source);
    return { name: value, value, place: { file: source.file, line: item.line } };
  });
}

function flag(field: Field | undefined, { file }: Source): boolean {
  if (field === undefined) return false;
  if (field.value.kind === 'flag') return field.value.value;
  throw configError(file, field.line, 'true belongs here.');
}

/** `lib/auth.ts#requireTeam`. */
function functionName(name: string, { file }: Source, line: number): void {
  if (!/^[^#\s]+\.[cm]?[jt]sx?#[\w$]+(?:\.[\w$]+)?$/.test(name))
    throw configError(
      file,
      line,
      `'${name}' names no function.`,
      "Write the file from the app's root and the export: 'lib/auth.ts#requireTeam'.",
    );
}

function readGuard(literal: Literal, source: Source, name: string): DeclaredGuard {
  functionName(name, source, literal.line);
  const guard = object(literal, source);
  known(guard, ['signedIn', 'member', 'role', 'of', 'system', 'when'], source);
  const member = optionalPath(guard.fields.get('member'), source);
  const roles = guard.fields.get('role');
  const of = optionalPath(guard.fields.get('of'), source);
  if (of !== undefined && roles === undefined)
    throw configError(source.file, literal.line, "'of' says where a role is held; there is no 'role'.");
  const read: DeclaredGuard = {
    signedIn: flag(guard.fields.get('signedIn'), source),
    member,
    role: roles === undefined ? undefined : { roles: texts(roles, source).map(role => role.value), of },
    system: flag(guard.fields.get('system'), source),
    when: readWhen(guard.fields.get('when'), source),
  };
  if (!read.signedIn && member === undefined && read.role === undefined && !read.system)
    throw configError(
      source.file,
      literal.line,
      `'${name}' is declared to establish nothing.`,
      "Say what holds when it lets its caller go on: signedIn: true, member: 'arguments[0]', role: ['admin'] or system: true.",
    );
  return read;
}

function readWhen(field: Field | undefined, source: Source): DeclaredGuard['when'] {
  if (field === undefined) return undefined;
  const value = text(field.value, source);
  if (value === 'returns' || value === 'truthy') return value;
  const path = parsePath(value);
  if (path?.of === 'result' && path.fields.length > 0) return path.fields;
  throw configError(source.file, field.line, `'${value}' is no moment.`, "Known: 'returns', 'truthy', 'result.ok'.");
}

const attributes: Readonly<Record<string, string>> = {
  user: 'user.id',
  tenant: 'tenant.id',
  email: 'user.email',
  role: 'user.role',
};

function readPrincipal(literal: Literal, source: Source, name: string): DeclaredPrincipal {
  functionName(name, source, literal.line);
  const principal = object(literal, source);
  known(principal, [...Object.keys(attributes), 'always'], source);
  const found = Object.entries(attributes).flatMap(([key, attribute]) => {
    const path = optionalPath(principal.fields.get(key), source);
    if (path === undefined) return [];
    if (path.of === 'result') return [{ attribute, fields: path.fields }];
    throw configError(source.file, literal.line, `'${key}' stands in the result: write 'result.…'.`);
  });
  if (found.length === 0)
    throw configError(source.file, literal.line, `'${name}' is declared to say nothing of who is signed in.`);
  return { attributes: found, always: flag(principal.fields.get('always'), source) };
}

function optionalPath(field: Field | undefined, source: Source): ValuePlace | undefined {
  if (field === undefined) return undefined;
  const value = text(field.value, source);
  const path = parsePath(value);
  if (path !== undefined) return path;
  throw configError(
    source.file,
    field.line,
    `'${value}' is no value of a call.`,
    "Write 'arguments[0]', 'arguments[0].teamId', 'result' or 'result.team.id'.",
  );
}

function parsePath(value: string): ValuePlace | undefined {
  const match = /^(?:arguments\[(\d)\]|result)((?:\.[\w$]+)*)$/.exec(value);
  if (match === null) return undefined;
  const fields = (match[2] ?? '').split('.').filter(part => part !== '');
  return { of: match[1] === undefined ? 'result' : Number(match[1]), fields };
}

function readTenancy(literal: ObjectLiteral, source: Source): DeclaredTenancy {
  known(literal, ['root', 'users', 'memberships', 'owners', 'secretColumns', 'openColumns'], source);
  const name = (key: string): Declared<string> | undefined => {
    const field = literal.fields.get(key);
    if (field === undefined) return undefined;
    const value = text(field.value, source);
    return { name: value, value, place: { file: source.file, line: field.line } };
  };
  const memberships = literal.fields.get('memberships');
  return {
    root: name('root'),
    users: name('users'),
    memberships: memberships === undefined ? undefined : texts(memberships, source),
    owners: entries(section(literal, 'owners', source)).map(each => declared(each, source, readHop)),
    secretColumns: entries(section(literal, 'secretColumns', source)).map(each => declared(each, source, columns)),
    openColumns: entries(section(literal, 'openColumns', source)).map(each => declared(each, source, columns)),
  };
}

function columns(literal: Literal, source: Source): readonly string[] {
  if (literal.kind !== 'list') throw configError(source.file, literal.line, 'A list of columns belongs here.');
  return literal.items.map(item => text(item, source));
}

function readHop(literal: Literal, source: Source): DeclaredHop {
  const value = text(literal, source);
  const match = /^([\w$]+)(?:\s*(?:->|→)\s*([\w$]+(?:\.[\w$]+)?)\.([\w$]+))?$/.exec(value.trim());
  const column = match?.[1];
  if (column === undefined)
    throw configError(
      source.file,
      literal.line,
      `'${value}' is no way to a tenant.`,
      "Write the column that holds the tenant's key ('team_id'), or the one that leads further ('project_id -> projects.id').",
    );
  const [table, target] = [match?.[2], match?.[3]];
  return { column, to: table === undefined || target === undefined ? undefined : { table, column: target } };
}
