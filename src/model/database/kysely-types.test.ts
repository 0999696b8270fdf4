import { expect, test } from 'vitest';

import { filesInMemory } from '../../collect/source/files.ts';
import { sourceOf, type SourceFiles } from '../../collect/source/read-source.ts';
import { inferTenancy } from '../tenancy/infer.ts';
import { databaseOfKyselyTypes } from './kysely-types.ts';
import { schemaOfCode } from './schema-of-code.ts';

function app(files: Readonly<Record<string, string>>): SourceFiles {
  return sourceOf(
    filesInMemory({
      'package.json': JSON.stringify({ dependencies: { next: '16.0.0', kysely: '0.28.0' } }),
      'next.config.ts': '',
      'app/page.tsx': '',
      ...files,
    }),
  );
}

const generated = `
  import type { ColumnType } from "kysely";
  export type Generated<T> = T extends ColumnType<infer S, infer I, infer U> ? ColumnType<S, I | undefined, U> : ColumnType<T, T | undefined, T>;
  export type Timestamp = ColumnType<Date, Date | string, Date | string>;
  export interface Teams {
    id: Generated<string>;
    name: string;
  }
  export interface TeamMembers {
    team_id: string;
    user_id: string;
    // Who may do what.
    role: "owner" | "member";
  }
  export interface Users { id: string; email: string | null; created_at: Generated<Timestamp>; }
  export interface Projects { id: Generated<string>; team_id: string; settings: ColumnType<{ a: number } | null, string, string>; size: number; }
  export interface Tasks { id: Generated<string>; project_id: string; title: string; labels: string[]; }
  export interface DB {
    projects: Projects;
    tasks: Tasks;
    team_members: TeamMembers;
    teams: Teams;
    users: Users;
    "audit.entries": { id: string; at: Timestamp };
  }`;

const files = {
  'lib/types.d.ts': generated,
  'lib/db.ts': `import { Kysely } from 'kysely'; import type { DB } from './types'; export const db = new Kysely<DB>({ dialect });`,
};

test('the type of the client names tables and columns', () => {
  const database = databaseOfKyselyTypes(app(files));
  expect(database?.tables.map(table => table.name)).toEqual([
    'projects',
    'tasks',
    'team_members',
    'teams',
    'users',
    'audit.entries',
  ]);
  const projects = database?.tables.find(table => table.name === 'projects');
  expect(projects?.columns.map(column => `${column.name} ${column.type}${column.notNull ? ' not null' : ''}`)).toEqual([
    'id text not null',
    'team_id text not null',
    'settings text',
    'size integer not null',
  ]);
  expect(projects?.columns[0]?.hasDefault).toBe(true);
  expect(projects?.definedAt?.file).toBe('lib/types.d.ts');
  expect(projects).toMatchObject({ fromSchema: true, foreignKeys: [], primaryKey: ['id'] });
});

test('names alone lead from a row to its tenant, and are trusted as names are', () => {
  const tenancy = inferTenancy(schemaOfCode(app(files)));
  const tasks = tenancy.owners.find(owner => owner.table === 'tasks');
  expect(tasks?.ownership).toMatchObject({ kind: 'tenant' });
  expect(tasks?.confidence).toBe('name');
});

test('a plugin that changes names, and tables written beside the client', () => {
  const database = databaseOfKyselyTypes(
    app({
      'lib/db.ts': `import { CamelCasePlugin, Kysely, type Generated } from 'kysely';
        interface TeamMember { id: Generated<number>; teamId: number }
        interface Database { teamMember: TeamMember }
        export const db = new Kysely<Database>({ dialect, plugins: [new CamelCasePlugin()] });`,
    }),
  );
  expect(database?.tables.map(table => [table.name, table.columns.map(column => column.name)])).toEqual([
    ['team_member', ['id', 'team_id']],
  ]);
});

test('without a type there is nothing to say, and another schema counts more', () => {
  expect(
    databaseOfKyselyTypes(
      app({ 'lib/db.ts': `import { Kysely } from 'kysely'; export const db = new Kysely<any>({});` }),
    ),
  ).toBeUndefined();
  const both = schemaOfCode(app({ ...files, 'prisma/schema.prisma': 'model Team { id String @id }' }));
  expect(both.tables.map(table => table.name)).toEqual(['Team']);
});
