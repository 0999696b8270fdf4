import type { Actor, CellCommand } from '../../core/cell.ts';

/** Commands in the order in which they are told. */
export const commandOrder: readonly CellCommand[] = ['select', 'insert', 'update', 'delete', 'truncate', 'execute'];

/** What a command does to rows, as one says it. */
export function verbOf(command: CellCommand): string {
  const verbs = {
    select: 'read',
    insert: 'add',
    update: 'change',
    delete: 'delete',
    truncate: 'empty',
    execute: 'call',
  };
  return verbs[command];
}

/** Those who try, in one role, as the subject of a sentence: the widest of them names them all. */
export function subjectOf(role: string, actors: readonly Actor[]): string {
  if (role === 'anon') return 'anyone on the internet';
  if (role === 'owner') return 'the owner of the table';
  const named = role === 'authenticated' ? '' : ` (as ${role})`;
  if (actors.includes('anonymous')) return `anyone who is not signed in${named}`;
  if (actors.includes('stranger')) return `any signed-in user${named}`;
  if (actors.includes('member')) return `members of any tenant${named}`;
  if (actors.includes('admin')) return `administrators of any tenant${named}`;
  return `members of two tenants${named}`;
}
