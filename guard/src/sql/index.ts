/** The database side of the guard: a migration for the tool that the app has, and the way back. */
export { guardSql } from './guard-sql.ts';
export type { GuardSql } from './guard-sql.ts';
export { migrationFiles } from './files.ts';
export type { MigrationFile, MigrationFiles, MigrationFolder } from './files.ts';
export type { Command, MembershipTable, RoleNames, RowSecurity, SqlOptions, TableRule, Tool } from './options.ts';
