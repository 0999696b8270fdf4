import type { DatabaseFunction, DatabaseModel, Table } from '../database/types.ts';

/** A column that lists users: a policy or a function looks for who asks among its elements. */
export interface UserList {
  readonly column: string;
  /** As the column's type: `uuid[]`, `jsonb`. */
  readonly type: string;
  /** What its elements are. */
  readonly holds: 'keys' | 'addresses';
}

/** The columns of a table that list users. */
export function userLists(table: Table, database: DatabaseModel): readonly UserList[] {
  const found = known.get(table) ?? findUserLists(table, database);
  known.set(table, found);
  return found;
}

/** Asked for each row of the table. */
const known = new WeakMap<Table, readonly UserList[]>();

function findUserLists(table: Table, database: DatabaseModel): readonly UserList[] {
  const lists = table.columns.filter(({ type }) =>
    /^(?:(?:uuid|text|citext|character varying(?:\(\d+\))?|integer|bigint)\[\]|jsonb?)$/.test(type),
  );
  if (lists.length === 0) return [];
  const texts = searches(database).filter(each => each.table === table.name || mentions(each.text, table.name));
  return lists.flatMap(({ name, type }) => {
    const naming = texts.filter(({ text }) => mentions(text, name));
    const holds = (['keys', 'addresses'] as const).find(kind =>
      naming.some(({ text, callers }) => isSearched(text, name, callers()[kind])),
    );
    return holds === undefined ? [] : [{ column: name, type, holds }];
  });
}

/** Where somebody may be looked for: a condition or a function, with how it names who asks. */
interface Search {
  /** The table that a policy belongs to. */
  readonly table?: string;
  readonly text: string;
  /** Told when asked: few functions name a list. */
  readonly callers: () => Callers;
}

/** Patterns for who asks: the key, and the address. */
type Callers = Readonly<Record<UserList['holds'], readonly string[]>>;

const ofModel = new WeakMap<DatabaseModel, readonly Search[]>();

function searches(database: DatabaseModel): readonly Search[] {
  const before = ofModel.get(database);
  if (before !== undefined) return before;
  const callers = withNamed(database);
  const conditions = database.tables.flatMap(table =>
    table.policies.flatMap(({ using = '', check = '' }) => [
      { table: table.name, text: `${using}\n${check}`, callers: () => callers },
    ]),
  );
  const told = [...conditions.map(({ text }) => text), ...database.functions.map(({ body }) => body)].join('\n');
  const found = [
    ...conditions,
    ...database.functions.map(definition => ({
      text: definition.body,
      callers: once(() => withLocal(definition, callers, told)),
    })),
  ];
  ofModel.set(database, found);
  return found;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const token = String.raw`(?:\bjwt\(\)|\bcurrent_setting\(\s*'request\.jwt\.claims?'[^()]*\)[\s)]*(?:::\s*jsonb?)?)[\s)]*->>?\s*`;
const setting = (name: string): string => String.raw`\bcurrent_setting\(\s*'${name}'[^()]*\)`;

const usual: Callers = {
  keys: [
    String.raw`\buid\(\)`,
    String.raw`${token}'(?:sub|user_id)'`,
    setting(
      String.raw`(?![\w.]*mail)(?:[\w.]*(?:user|person|principal|account_owner|member)[\w.]*|[\w.]*\.(?:sub|uid))`,
    ),
  ],
  addresses: [String.raw`\bauth\.email\(\)`, String.raw`${token}'email'`, setting(String.raw`[\w.]*mail[\w.]*`)],
};

/** Whether a condition, with the bodies of what it calls, asks for the address of who asks. */
export function asksForAddress(text: string): boolean {
  return addressOfCaller.test(text);
}

const addressOfCaller = new RegExp(
  [...usual.addresses, String.raw`\bemail\b[^;()]*\bfrom\s+"?auth"?\."?users`].join('|'),
  'i',
);

/** With functions of the app's own that answer who asks: `current_user_id()`. */
function withNamed({ functions }: DatabaseModel): Callers {
  const named = (callers: readonly string[]): readonly string[] => [
    ...callers,
    ...functions
      .filter(
        ({ body, arguments: given, returns }) =>
          given.length === 0 &&
          !/bool|trigger|void|\[\]/.test(returns) &&
          !/\b(?:from|into|insert|update|delete)\b/i.test(body) &&
          new RegExp(callers.join('|'), 'i').test(body),
      )
      .map(({ name }) => String.raw`\b${escaped(plain(name))}"?\(\)`),
  ];
  return { keys: named(usual.keys), addresses: named(usual.addresses) };
}

/** With arguments and variables of a function that hold who asks. */
function withLocal(definition: DatabaseFunction, callers: Callers, told: string): Callers {
  const local = (kind: readonly string[]): readonly string[] => {
    const caller = `${before}(?:${kind.join('|')})`;
    const variables = [
      ...definition.body.matchAll(new RegExp(String.raw`\b(\w+)(?:\s+[\w.]+)?\s*(?::=|default)\s*${caller}`, 'gi')),
    ];
    const given = definition.arguments.flatMap(({ name, hasDefault }, place) => {
      // An argument that callers may leave out is who asks, as far as it is called so.
      const isCaller =
        handedOver(plain(definition.name), place, told, caller) || (hasDefault === true && /user|uid/i.test(name));
      return name === '' || !isCaller ? [] : [name, String.raw`$${place + 1}`];
    });
    const names = [...new Set([...variables.map(match => match[1] ?? ''), ...given])];
    return [
      ...kind,
      ...names.map(name =>
        name.startsWith('$') ? String.raw`\$${name.slice(1)}\b` : String.raw`\b${escaped(name)}\b`,
      ),
    ];
  };
  return { keys: local(callers.keys), addresses: local(callers.addresses) };
}

/** Whether the function is called with who asks in that place. */
function handedOver(name: string, place: number, told: string, caller: string): boolean {
  const argument = String.raw`(?:[^(),]|\((?:[^()]|\([^()]*\))*\))*`;
  return new RegExp(String.raw`\b${escaped(name)}"?\s*\((?:${argument},){${place}}\s*${caller}`, 'i').test(told);
}

/** What may stand between a comparison and who asks: brackets, casts, a sub-query of its own. */
const before = String.raw`[\s(]*(?:select\s+)?(?:(?:lower|nullif|coalesce)\s*)?[\s(]*(?:"?\w+"?\.)?`;
const after = String.raw`(?:[\s)]|::\s*(?:character varying|"?[\w.]+"?)|\bas\s+"?\w+"?|,\s*''(?:::text)?)*`;

function isSearched(text: string, name: string, callers: readonly string[]): boolean {
  const caller = `(?:${callers.join('|')})`;
  const column = String.raw`[\s(]*(?:"?\w+"?\.){0,2}"?${escaped(name)}"?(?![\w$])`;
  const elements = String.raw`(?:unnest|jsonb?_array_elements_text)\(${column}`;
  const forms = [
    String.raw`${caller}${after}=\s*any\s*\(${column}`,
    String.raw`${caller}${after}(?:=\s*any|\bin)\s*\(\s*(?:array\s*\(\s*)?select\s+${elements}`,
    String.raw`${column}${after}(?:@>|&&)\s*\(*(?:array\s*\[|to_jsonb\(|jsonb_build_array\()${before}${caller}`,
    String.raw`array\s*\[${before}${caller}${after}\]${after}(?:<@|&&)${column}`,
    String.raw`${column}${after}\?${before}${caller}`,
    String.raw`array_positions?\(${column}${after},${before}${caller}`,
  ];
  return new RegExp(forms.join('|'), 'i').test(text);
}

function mentions(text: string, table: string): boolean {
  return new RegExp(String.raw`(?<![\w$])${escaped(plain(table))}(?![\w$])`, 'i').test(text);
}

function plain(name: string): string {
  return name.split('.').at(-1) ?? name;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
