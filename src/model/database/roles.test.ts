import { expect, test } from 'vitest';
import { isPlatformTable } from './platform.ts';
import { boundRoles, customRoles, mayUse, mayUseWhole, requestRoles } from './roles.ts';
import type { DatabaseModel, DatabaseRole, Grant, Table } from './types.ts';

const role = (name: string, more: Partial<DatabaseRole> = {}): DatabaseRole => ({
  name,
  superuser: false,
  bypassRowSecurity: false,
  login: false,
  memberOf: [],
  ...more,
});

const notes = (grants: readonly Grant[]): Table => ({
  name: 'notes',
  schema: 'public',
  kind: 'table',
  owner: 'keeper',
  columns: [],
  primaryKey: [],
  uniqueKeys: [],
  foreignKeys: [],
  indexes: [],
  rowSecurity: true,
  forceRowSecurity: false,
  policies: [],
  grants,
});

const selects = ['anon', 'authenticated', 'service_role', 'reporting', 'clerk', 'keeper', 'root'];

function database(platform: DatabaseModel['platform']): DatabaseModel {
  return {
    tables: [notes(selects.map(name => ({ role: name, privilege: 'select' })))],
    views: [],
    functions: [],
    roles: [
      role('anon'),
      role('authenticated'),
      role('authenticator', { login: true, memberOf: ['anon', 'authenticated', 'clerk'] }),
      role('clerk'),
      role('keeper'),
      role('reporting'),
      role('root', { superuser: true }),
      role('service_role', { bypassRowSecurity: platform === 'supabase' }),
      role('trainee', { memberOf: ['clerk'] }),
    ],
    enums: [],
    buckets: [],
    platform,
  };
}

test('requests run under roles with a privilege that own nothing, and on Supabase under none that it made for itself', () => {
  expect(requestRoles(database('supabase'))).toEqual(['anon', 'authenticated', 'clerk', 'reporting']);
  expect(requestRoles(database('plain'))).toEqual(['anon', 'authenticated', 'clerk', 'reporting', 'service_role']);
});

test('a role of the app’s own acts where a token may name it or it logs in', () => {
  expect(customRoles(database('supabase'))).toEqual(['clerk']);
});

test('policies bind whoever is neither owner nor above them', () => {
  const bound = boundRoles(database('supabase'));
  expect(['clerk', 'public', 'trainee'].every(name => bound.has(name))).toBe(true);
  expect(['keeper', 'root', 'service_role'].some(name => bound.has(name))).toBe(false);
});

test('a privilege comes through the roles that one is a member of, and one of a column is not of the whole', () => {
  const known = database('plain');
  const table = notes([
    { role: 'clerk', privilege: 'select' },
    { role: 'clerk', privilege: 'update', column: 'body' },
  ]);
  expect(mayUse('trainee', 'select', table, known)).toBe(true);
  expect(mayUse('trainee', 'update', table, known)).toBe(true);
  expect(mayUseWhole('trainee', 'select', table, known)).toBe(true);
  expect(mayUseWhole('trainee', 'update', table, known)).toBe(false);
});

test('a schema called auth is Supabase’s on Supabase and the app’s elsewhere', () => {
  expect(isPlatformTable({ schema: 'auth' }, database('supabase'))).toBe(true);
  expect(isPlatformTable({ schema: 'auth' }, database('plain'))).toBe(false);
  expect(isPlatformTable({ schema: 'public' }, database('supabase'))).toBe(false);
});
