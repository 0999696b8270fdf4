import { expect, test } from 'vitest';

import { filesInMemory } from '../../collect/source/files.ts';
import { sourceOf } from '../../collect/source/read-source.ts';
import { inferTenancy } from '../tenancy/infer.ts';
import { withSchemaOfCode } from './schema.ts';
import { schemaOfCode } from './schema-of-code.ts';
import { databaseOfSupabaseTypes } from './supabase-types.ts';

const types = `
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  // Allows a client to be made with the right options
  /* of { this } version */
  __InternalSupabase: { PostgrestVersion: "12" }
  public: {
    Tables: {
      teams: {
        Row: { id: string; name: string }
        Insert: { id?: string; name: string }
        Relationships: []
      }
      team_members: {
        Row: {
          role: Database["public"]["Enums"]["role"]
          team_id: string
          user_id: string
          tags: string[] | null
        }
        Insert: {
          role?: Database["public"]["Enums"]["role"]
        }
        Relationships: [
          {
            foreignKeyName: "team_members_team_id_fkey"
            columns: ["team_id"]
            isOneToOne: false
            referencedRelation: "teams"
            referencedColumns: ["id"]
          },
        ]
      }
      notes: {
        Row: {
          id: number
          settings:
            | Json
            | null
          team_id: string | null
          created_by: string | null
          created_at: string
          due_date: string | null
        }
        Relationships: [
          {
            foreignKeyName: "notes_team_id_fkey"
            columns: ["team_id"]
            isOneToOne: false
            referencedRelation: "teams"
            referencedColumns: ["id"]
          },
        ]
      }
    }
    Views: { [_ in never]: never }
  }
}
`;

function sourceWith(dependency: string) {
  return sourceOf(
    filesInMemory({
      'package.json': JSON.stringify({ name: 'notes', dependencies: { next: '16.0.0', [dependency]: '2.0.0' } }),
      'next.config.ts': 'export default {};',
      'app/page.tsx': 'export default function Page() { return null; }',
      'lib/database.types.ts': types,
    }),
  );
}

test('generated types name tables, columns and links, and who owns what follows', () => {
  const database = databaseOfSupabaseTypes(sourceWith('@supabase/supabase-js'));
  expect(database?.tables.map(({ name }) => name)).toEqual(['auth.users', 'teams', 'team_members', 'notes']);
  const notes = database?.tables.find(({ name }) => name === 'notes');
  expect(notes?.columns.map(({ name, type, notNull }) => [name, type, notNull])).toEqual([
    ['id', 'integer', true],
    ['settings', 'jsonb', false],
    ['team_id', 'uuid', false],
    ['created_by', 'uuid', false],
    ['created_at', 'timestamp with time zone', true],
    ['due_date', 'date', false],
  ]);
  const members = database?.tables.find(({ name }) => name === 'team_members');
  expect(members?.columns.map(({ name, type }) => [name, type])).toEqual([
    ['role', 'text'],
    ['team_id', 'uuid'],
    ['user_id', 'uuid'],
    ['tags', 'text[]'],
  ]);
  const tenancy = inferTenancy(database ?? schemaOfCode(undefined));
  expect(tenancy.root?.table).toBe('teams');
  expect(tenancy.memberships).toMatchObject([{ table: 'team_members', userColumn: 'user_id' }]);
});

test('types of another library that look alike are none', () => {
  expect(databaseOfSupabaseTypes(sourceWith('another-library'))).toBeUndefined();
});

test('a migrated table gets the columns and links that only code knows, under one spelling', () => {
  const code = databaseOfSupabaseTypes(sourceWith('@supabase/ssr')) ?? schemaOfCode(undefined);
  const catalog = {
    ...code,
    tables: code.tables
      .filter(({ name }) => name !== 'teams')
      .map(table => ({ ...table, columns: table.columns.filter(({ name }) => name !== 'tags'), foreignKeys: [] })),
  };
  const merged = withSchemaOfCode(catalog, code);
  const members = merged.database.tables.find(({ name }) => name === 'team_members');
  expect(members?.columns.map(({ name }) => name)).toEqual(['role', 'team_id', 'user_id', 'tags']);
  expect(members?.foreignKeys.map(key => key.table)).toEqual(['teams']);
  expect(merged.gaps.map(gap => gap.reason)).toEqual([
    "The table 'teams' is in the schema of the code and in no migration that replayed; policies are not known.",
  ]);
  expect(withSchemaOfCode(code, code)).toEqual({ database: code, gaps: [] });
});
