import { listed } from '../core/list.ts';
import type { Operation, Principal } from '../core/path.ts';
import type { Owner, TenancyModel } from '../model/tenancy/types.ts';

/** What a finding says about whom: who can do what to which rows. */
export interface Harm {
  readonly principal: Principal;
  readonly operation: Operation;
  readonly table: string;
}

/** The harm in one sentence without jargon: `Any signed-in user can read any organization's invoices.` */
export function describeHarm(harm: Harm, tenancy: TenancyModel): string {
  return `${who[harm.principal]} can ${verb(harm.operation)} ${rowsOfOthers(harm, tenancy)}.`;
}

/** The harm of a database function that runs with its owner's rights. */
export function describeCallHarm(principal: Principal, name: string, tenancy: TenancyModel): string {
  return `${who[principal]} can call the database function '${name}' for any ${tenantNoun(tenancy)}.`;
}

/** The rows of `table` as a person would call them: `work_orders` → `work orders`, `billing.apiKey` → `api keys`. */
export function humanizeTable(table: string): string {
  if (table === storedFiles) return 'files';
  const words = humanizeName(table.slice(table.lastIndexOf('.') + 1));
  return /(s|data|media|history)$/.test(words)
    ? words
    : words.endsWith('y') && !/[aeiou]y$/.test(words)
      ? `${words.slice(0, -1)}ies`
      : `${words}s`;
}

/** An identifier as words: `stripeCustomerId` → `stripe customer id`. */
export function humanizeName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase();
}

/** What a tenant of this app is called: `organization`, `team`, `user`; `customer` where no table holds them. */
export function tenantNoun(tenancy: TenancyModel): string {
  const isElsewhere = tenancy.keptElsewhere?.tenants !== undefined;
  const table = isElsewhere ? undefined : (tenancy.root?.table ?? tenancy.principal?.table);
  return table === undefined ? 'customer' : singular(humanizeTable(table));
}

/** What the owner of a row of a table is called: `organization`, or `user` where each person has rows of their own. */
export function ownerNoun(table: string, tenancy: TenancyModel): string {
  const isPersonal = ownerOf(tenancy, table)?.ownership.kind === 'user' && table !== storedFiles;
  return isPersonal ? 'user' : tenantNoun(tenancy);
}

/** The owner entry of a table. */
export function ownerOf(tenancy: TenancyModel, table: string): Owner | undefined {
  return tenancy.owners.find(owner => owner.table === table);
}

/** Whether rows of this table belong to a tenant or to a user. */
export function isOwned(tenancy: TenancyModel, table: string): boolean {
  const kind = ownerOf(tenancy, table)?.ownership.kind;
  return kind === 'tenant' || kind === 'user';
}

/** The names, quoted and joined: `'a', 'b' and 'c'`. */
export function quoteAll(names: readonly string[]): string {
  return listed(names.map(name => `'${name}'`));
}

/** Where Supabase keeps what was uploaded. */
const storedFiles = 'storage.objects';

const who: Readonly<Record<Principal, string>> = {
  anonymous: 'Anyone on the internet',
  member: 'Any signed-in user',
  admin: 'Any administrator of one customer',
  system: 'Whoever reaches this job',
};

function verb(operation: Operation): string {
  return operation === 'insert' ? 'add' : operation === 'update' ? 'change' : operation;
}

/** The rows in words: `any organization's invoices`. */
export function rowsOfOthers({ operation, table }: Omit<Harm, 'principal'>, tenancy: TenancyModel): string {
  const rows = humanizeTable(table);
  if (table === tenancy.root?.table || table === tenancy.principal?.table)
    return `any ${singular(rows)}${operation === 'read' ? "'s record" : ''}`;
  const noun = ownerNoun(table, tenancy);
  return operation === 'insert' ? `${rows} to any ${noun}` : `any ${noun}'s ${rows}`;
}

function singular(words: string): string {
  if (words.endsWith('ies')) return `${words.slice(0, -3)}y`;
  if (/(ss|us|data|media|history)$/.test(words)) return words;
  return words.endsWith('s') ? words.slice(0, -1) : words;
}
