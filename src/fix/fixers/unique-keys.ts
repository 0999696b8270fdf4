import type { Finding } from '../../core/finding.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { quoted } from '../idioms/policy.ts';
import { bareName, migration, shortName } from './statements.ts';

/** Makes values unique within a tenant instead of among all of them. */
export function tenantInUniqueKey(finding: Finding, { database }: FixContext): Draft | Refused {
  const listed = finding.repair?.['keys'];
  const up: string[] = [];
  const down: string[] = [];
  for (const each of Array.isArray(listed) ? listed : []) {
    const key = keyIn(each);
    const table = database.tables.find(candidate => candidate.name === key?.table);
    if (key === undefined || table === undefined) continue;
    const index = table.indexes.find(
      candidate => candidate.columns.join() === key.columns.join() && isUnique(candidate),
    );
    if (index === undefined) return { refused: `The key of '${table.name}' has no name in the database model.` };
    const isReferred = database.tables.some(other =>
      other.foreignKeys.some(
        reference => reference.table === table.name && reference.referencedColumns.join() === key.columns.join(),
      ),
    );
    if (isReferred) return { refused: `Other tables refer to '${table.name}' by this key.` };
    const on = quoted(table.name);
    const name = quoted(shortName(bareName(table.name), key.tenant, ...key.columns, 'key'));
    const columns = [key.tenant, ...key.columns].map(quoted).join(', ');
    const old = key.columns.map(quoted).join(', ');
    const schema = table.schema === 'public' ? '' : `${quoted(table.schema)}.`;
    if (index.constraint === true) {
      up.push(
        `alter table ${on} add constraint ${name} unique (${columns});`,
        `alter table ${on} drop constraint ${quoted(index.name)};`,
      );
      down.unshift(
        `alter table ${on} add constraint ${quoted(index.name)} unique (${old});`,
        `alter table ${on} drop constraint ${name};`,
      );
    } else {
      up.push(`create unique index ${name} on ${on} (${columns});`, `drop index ${schema}${quoted(index.name)};`);
      down.unshift(`create unique index ${quoted(index.name)} on ${on} (${old});`, `drop index ${schema}${name};`);
    }
  }
  if (up.length === 0) return { refused: 'The keys are not in the database model.' };
  return migration(
    { name: 'tenant_in_unique_keys', up, down },
    {
      title: 'Let values be unique within a tenant',
      explanation:
        "Two tenants can now have the same value, and neither learns of the other's. What upserts by the old key names the tenant as well from now on.",
    },
  );
}

function isUnique(index: { readonly unique?: boolean }): boolean {
  return index.unique === true;
}

interface Key {
  readonly table: string;
  readonly tenant: string;
  readonly columns: readonly string[];
}

function keyIn(value: unknown): Key | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const [table, tenant, columns]: readonly unknown[] = ['table', 'tenant', 'columns'].map(name =>
    Reflect.get(value, name),
  );
  return typeof table === 'string' && typeof tenant === 'string' && Array.isArray(columns)
    ? { table, tenant, columns: columns.map(String) }
    : undefined;
}
