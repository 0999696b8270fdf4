import { compareText } from '../core/place.ts';
import type { PolicyText, TableRules } from '../core/rules.ts';
import type { DatabaseModel, Policy, SourcePlace, Table } from '../model/database/types.ts';
import { boundRoles } from '../model/database/roles.ts';

/** What decides who reaches the rows of each table, for a report. */
export function tableRules(database: DatabaseModel): readonly TableRules[] {
  const bound = boundRoles(database);
  return database.tables.filter(table => table.fromSchema !== true).map(table => toTableRules(table, bound));
}

function toTableRules(table: Table, bound: ReadonlySet<string>): TableRules {
  const roles = [...new Set(table.grants.map(grant => grant.role))].filter(role => bound.has(role));
  return {
    table: table.name,
    rowSecurity: table.rowSecurity,
    forced: table.forceRowSecurity,
    policies: table.policies.map(toText),
    grants: roles.toSorted(compareText).map(role => ({
      role,
      privileges: table.grants
        .filter(grant => grant.role === role)
        .map(({ privilege, column }) => (column === undefined ? privilege : `${privilege} (${column})`)),
    })),
    ...placeOf(table.definedAt),
  };
}

function toText({ name, command, permissive, roles, using, check, definedAt }: Policy): PolicyText {
  return {
    name,
    command,
    permissive,
    roles,
    ...(using === undefined ? {} : { using }),
    ...(check === undefined ? {} : { check }),
    ...placeOf(definedAt),
  };
}

function placeOf(place: SourcePlace | undefined): { readonly file?: string; readonly line?: number } {
  return place === undefined ? {} : { file: place.file, line: place.line };
}
