import { dirname } from 'node:path/posix';

/** A tool whose migrations are no SQL, and the command that writes the schema down as SQL. */
interface OtherTool {
  readonly name: string;
  readonly files: RegExp;
  readonly command: string;
  /** Where the command writes to. */
  readonly writes: string;
}

const dump = { command: 'pg_dump --schema-only --no-owner "$DATABASE_URL" > schema.sql', writes: 'schema.sql' };

const otherTools: readonly OtherTool[] = [
  {
    name: 'Alembic',
    files: /(?:^|\/)(?:alembic|migrations)\/versions\/[^/]+\.py$/,
    command: 'alembic upgrade head --sql > schema.sql',
    writes: 'schema.sql',
  },
  { name: 'Django', files: /(?:^|\/)migrations\/\d{4}_\w+\.py$/, ...dump },
  { name: 'Rails', files: /(?:^|\/)db\/(?:schema\.rb|migrate\/\d+_\w+\.rb)$/, ...dump },
  {
    name: 'Laravel',
    files: /(?:^|\/)database\/migrations\/[^/]+\.php$/,
    command: 'php artisan schema:dump',
    writes: 'database/schema',
  },
  {
    name: 'Ecto',
    files: /(?:^|\/)priv\/\w+\/migrations\/[^/]+\.exs$/,
    command: 'mix ecto.dump -d schema.sql',
    writes: 'schema.sql',
  },
  {
    name: 'Liquibase',
    files: /(?:^|\/)[^/]*changelog[^/]*(?:\/[^/]+)*\.(?:xml|ya?ml)$/i,
    command: 'liquibase update-sql --output-file=schema.sql',
    writes: 'schema.sql',
  },
  {
    name: 'Atlas',
    files: /(?:^|\/)(?:schema|[^/]+\.pg|[^/]*schema[^/]*)\.hcl$/,
    command: `atlas schema inspect --url "$DATABASE_URL" --format '{{ sql . }}' > schema.sql`,
    writes: 'schema.sql',
  },
  { name: 'an ORM', files: /(?:^|\/)migrations?\/[^/]*\d[^/]*(?<!\.d)\.[cm]?[jt]s$/i, ...dump },
];

/** The patterns of every file that may be a migration and is no SQL. */
export const otherMigrations = '**/*.{py,rb,php,exs,xml,yml,yaml,hcl,js,cjs,mjs,ts,cts,mts}';

/** What lies there instead of migrations in SQL, and the command that writes them as SQL. */
export function unreadMigrations(
  files: readonly string[],
): { readonly what: string; readonly next: string } | undefined {
  for (const { name, files: mark, command, writes } of otherTools) {
    const found = files.find(file => mark.test(file));
    if (found === undefined) continue;
    return {
      what: `Those of ${name} in '${dirname(found)}' are no SQL that could be read without running them.`,
      next: `Write them down as SQL with \`${command}\` and name that: --migrations ${writes}. Or give --database-url.`,
    };
  }
  return undefined;
}
