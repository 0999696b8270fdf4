import { listed } from '../../core/list.ts';
import { compareText } from '../../core/place.ts';
import type { CellCommand } from '../../core/cell.ts';
import { opensFor, type Change } from '../../core/rules.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import { boundRoles } from '../../model/database/roles.ts';
import { commandOrder, verbOf } from './words.ts';

/** What a role may do to a table at all, whoever owns the rows: granted, and served by a policy where row security is on. */
export function accessChanges(before: DatabaseModel, after: DatabaseModel): readonly Change[] {
  const old = new Map(before.tables.map(table => [table.name, table] as const));
  return after.tables.flatMap(table => {
    const was = old.get(table.name);
    if (was === undefined) return [];
    const roles = [...new Set([...boundRoles(before), ...boundRoles(after)])].toSorted(compareText);
    return roles.flatMap(role => {
      const had = allowed(was, role);
      const has = allowed(table, role);
      return [
        ...change(
          table,
          role,
          has.filter(command => !had.includes(command)),
          true,
        ),
        ...change(
          table,
          role,
          had.filter(command => !has.includes(command)),
          false,
        ),
      ];
    });
  });
}

function change(table: Table, role: string, commands: readonly CellCommand[], isGained: boolean): readonly Change[] {
  if (commands.length === 0) return [];
  const verbs = listed(commands.map(verbOf), isGained ? 'and' : 'or');
  const rows = table.rowSecurity ? ', the rows that its policies allow' : '';
  return [
    {
      direction: 'changed',
      kind: 'access',
      object: table.name,
      role,
      commands,
      words: isGained
        ? `${role} can now ${verbs} '${table.name}'${rows}`
        : `${role} can no longer ${verbs} '${table.name}'`,
    },
  ];
}

function allowed(table: Table, role: string): readonly CellCommand[] {
  return commandOrder.filter(
    command =>
      ['select', 'insert', 'update', 'delete'].includes(command) &&
      table.grants.some(grant => grant.role === role && grant.privilege === command) &&
      (!table.rowSecurity || table.policies.some(policy => opensFor(policy, command, [role]))),
  );
}
