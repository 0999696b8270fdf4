import { readCatalog } from '../collect/database/catalog.ts';
import { collectDatabase, type CollectedDatabase } from '../collect/database/collect.ts';
import { DrydockError } from '../core/error.ts';
import type { Gap } from '../core/gap.ts';
import { tableNamed } from '../logic/named.ts';
import { isPlatformTable } from '../model/database/platform.ts';
import type { DatabaseModel, Policy, SourcePlace, Table } from '../model/database/types.ts';
import type { Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';

/** Differences that are told one by one; a server of another app differs in everything. */
const mostTold = 12;

/**
 * Where a live server differs from the migrations beside it: one that was forgotten, or a change by hand. What is judged is
 * the server; a policy that waits in a migration protects nobody yet.
 */
export async function driftGaps(
  { root, collected }: Analysis,
  given: readonly string[] | undefined,
  context: CommandContext,
): Promise<readonly Gap[]> {
  const copy = collected?.replicaDatabase;
  if (collected?.migrations === undefined || copy === undefined) return [];
  const replayed = await replay(root, given, context);
  if (replayed === undefined) return [];
  try {
    // Both were printed by the same version then.
    const server = await readCatalog(copy.sql, collected.platform);
    const uncopied = new Set(
      collected.database.tables.flatMap(({ name, notCopied }) => (notCopied === true ? [name] : [])),
    );
    const made = replayed.database.tables.filter(({ name, fromSchema }) => fromSchema !== true && !uncopied.has(name));
    const told = differences(made, server, replayed.report.failed.length === 0);
    const left = told.length - mostTold;
    return told.length === 0
      ? []
      : [
          gap(
            `The server differs from the migrations in ${told.length} ${told.length === 1 ? 'place' : 'places'}; what is judged is the server.`,
          ),
          ...told.slice(0, mostTold),
          ...(left > 0 ? [gap(`The server differs from the migrations in ${left} more places.`)] : []),
        ];
  } finally {
    await replayed.replicaDatabase?.drop();
  }
}

async function replay(
  root: string,
  migrations: readonly string[] | undefined,
  context: CommandContext,
): Promise<CollectedDatabase | undefined> {
  try {
    const replica = await context.replica();
    return await collectDatabase({ root, replica, ...(migrations === undefined ? {} : { migrations }) });
  } catch (thrown) {
    // Migrations of which nothing replays are compared with nothing.
    if (thrown instanceof DrydockError && thrown.code === 'no-migrations') return undefined;
    throw thrown;
  }
}

function differences(made: readonly Table[], server: DatabaseModel, isWhole: boolean): readonly Gap[] {
  const names = new Set(made.map(({ name }) => name));
  const more = isWhole ? server.tables.filter(({ name }) => !names.has(name) && !isLog(name)) : [];
  return [
    ...made.flatMap(table => tableDifferences(table, tableNamed(server, table.name), isWhole, server)),
    ...more.map(({ name }) => gap(`The server has a table '${name}', which no migration makes.`)),
  ];
}

/** Tools write down in the database which migrations they ran. */
function isLog(name: string): boolean {
  return /migration|flyway_schema_history|databasechangelog|schema_version|goose_db_version|pgmigrations|knex_/i.test(
    name,
  );
}

function tableDifferences(
  made: Table,
  there: Table | undefined,
  isWhole: boolean,
  server: DatabaseModel,
): readonly Gap[] {
  const { name, definedAt } = made;
  if (there === undefined)
    return isPlatformTable(made, server)
      ? []
      : [gap(`The server has no table '${name}', which the migrations make.`, definedAt)];
  const onOrOff = (on: boolean): string => (on ? 'on' : 'off');
  return [
    ...(made.rowSecurity === there.rowSecurity
      ? []
      : [
          gap(
            `Row security of '${name}' is ${onOrOff(there.rowSecurity)} on the server, and ${onOrOff(made.rowSecurity)} after the migrations.`,
            definedAt,
          ),
        ]),
    ...made.policies.flatMap(policy => policyDifference(policy, there)),
    ...(isWhole ? there.policies : [])
      .filter(policy => !made.policies.some(each => each.name === policy.name))
      .map(policy => gap(`The server has a policy '${policy.name}' on '${name}', which no migration makes.`)),
  ];
}

function policyDifference(policy: Policy, there: Table): readonly Gap[] {
  const found = there.policies.find(({ name }) => name === policy.name);
  const [of, place] = [`'${policy.name}' on '${policy.table}'`, policy.definedAt];
  if (found === undefined) return [gap(`The server has no policy ${of}, which the migrations make.`, place)];
  return textOf(found) === textOf(policy)
    ? []
    : [gap(`The policy ${of} says something else on the server than after the migrations.`, place)];
}

function textOf({ command, permissive, roles, using = '', check = '' }: Policy): string {
  return JSON.stringify([command, permissive, roles, using, check]);
}

function gap(reason: string, place?: SourcePlace): Gap {
  return { reason, file: place?.file ?? '', line: place?.line ?? 0, settles: 0 };
}
