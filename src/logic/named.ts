import { once } from '../core/once.ts';
import type { DatabaseFunction, DatabaseModel, Table, View } from '../model/database/types.ts';

/** The table of that name: whatever asks about one row of a table asks for it, and there may be thousands. */
export function tableNamed({ tables }: Pick<DatabaseModel, 'tables'>, name: string | undefined): Table | undefined {
  return name === undefined ? undefined : tablesByName(tables).get(name);
}

/** The first of the functions of that name. */
export function functionNamed(
  { functions }: Pick<DatabaseModel, 'functions'>,
  name: string | undefined,
): DatabaseFunction | undefined {
  return name === undefined ? undefined : functionsByName(functions).get(name);
}

/** The view of that name. */
export function viewNamed({ views }: Pick<DatabaseModel, 'views'>, name: string | undefined): View | undefined {
  return name === undefined ? undefined : viewsByName(views).get(name);
}

/** The tables that a text names, without their schemas and whatever their case, in their order. */
export function tablesInWords(text: string, { tables }: Pick<DatabaseModel, 'tables'>): readonly Table[] {
  const { byWord, others, places } = tablesByWord(tables);
  const words = new Set(text.toLowerCase().match(/\w+/g));
  const found = [
    ...[...words].flatMap(word => byWord.get(word) ?? []),
    ...others.filter(({ pattern }) => pattern.test(text)).map(({ table }) => table),
  ];
  return found.sort((left, right) => (places.get(left) ?? 0) - (places.get(right) ?? 0));
}

/** A text is read once, and not once for each of the tables. */
const tablesByWord = once((tables: readonly Table[]) => {
  const byWord = new Map<string, Table[]>();
  const others: { readonly table: Table; readonly pattern: RegExp }[] = [];
  for (const table of tables) {
    const plain = table.name.split('.').at(-1) ?? '';
    const word = plain.toLowerCase();
    if (/^\w+$/.test(plain)) byWord.set(word, [...(byWord.get(word) ?? []), table]);
    else others.push({ table, pattern: new RegExp(`\\b${plain.replace(/\W/g, '\\$&')}\\b`, 'i') });
  }
  return { byWord, others, places: new Map(tables.map((table, place) => [table, place])) };
});

const tablesByName = once(byName<Table>);
const functionsByName = once(byName<DatabaseFunction>);
const viewsByName = once(byName<View>);

function byName<Named extends { readonly name: string }>(all: readonly Named[]): ReadonlyMap<string, Named> {
  // The first of a name is the one that a search from the beginning finds.
  return new Map(all.toReversed().map(each => [each.name, each]));
}
