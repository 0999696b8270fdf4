import { objectName } from '../../../core/cell.ts';
import type { Check } from '../../check.ts';
import type { DatabaseFunction, Table, View } from '../../../model/database/types.ts';
import type { CheckFinding, CheckInput } from '../../check.ts';
import { isOwned, ownerOf } from '../../harm.ts';
import { commandsOf, findingsOf, instead, leaksOf, rolesOf, type Leak } from '../leaks.ts';
import { blamedIn, lintFinding, listed, readersOf } from '../lint.ts';
import { platformTable } from '../../../model/database/platform.ts';
import { viewNamed } from '../../../logic/named.ts';

/** A view that reads with its owner's rights: the policies of its tables apply to the owner, and he passes them all. */
export const check: Check = {
  id: 'database/view-bypasses-policies',
  title: 'View bypasses policies',
  severity: 'critical',
  cwe: 863,
  needs: 'database',
  judge: input => ({
    findings: [
      ...input.database.views.flatMap(view => unseen(view, input)),
      ...findingsOf(
        leaksOf(input).filter(leak => leak.cause === 'view'),
        input,
        {
          subject: leak => objectName(leak.cell),
          place: leak => ('view' in leak ? leak.view.definedAt : undefined),
          message: leaks => {
            const name = objectName(leaks[0].cell);
            if ('view' in leaks[0] && leaks[0].view.materialized)
              return `The materialized view '${name}' holds rows of every tenant and can have no policies, and ${rolesOf(leaks)} may read it.`;
            const called = calledBy(leaks[0], input);
            if (called !== undefined)
              return `A change of the view '${name}' calls '${called.name}', which writes with its owner's rights, so ${rolesOf(leaks)} may ${commandsOf(leaks)} rows of every tenant through it.`;
            return `The view '${name}' reads its tables with its owner's rights, so ${rolesOf(leaks)} may ${commandsOf(leaks)} rows of every tenant through it.`;
          },
          repair: leak => {
            const called = calledBy(leak, input);
            if (called !== undefined)
              return { kind: 'guard-function', function: called.name, signature: called.signature };
            return 'view' in leak && leak.view.materialized
              ? { kind: 'revoke-all', object: leak.view.name, roles: readersOf(leak.view, input.database) }
              : { kind: 'security-invoker', view: objectName(leak.cell) };
          },
          statement: leak => ('view' in leak ? leak.view.definition.trim() : undefined),
        },
      ),
    ],
    gaps: [],
  }),
};

/** The function that a change of the view calls, where it is what writes past policies. */
function calledBy(leak: Leak, { database }: CheckInput): DatabaseFunction | undefined {
  return 'view' in leak ? instead(leak.view, leak.cell, database) : undefined;
}

/** A materialized view that no attempt could fill or read. */
function unseen(view: View, input: CheckInput): readonly CheckFinding[] {
  const { database } = input;
  if (!view.materialized || blamedIn(input).objects.has(view.name)) return [];
  const roles = readersOf(view, database);
  const shown = new Set(view.columns.map(column => column.name));
  const [table] = tablesBehind(view, input).filter(candidate =>
    telling(candidate, input).some(column => shown.has(column)),
  );
  if (roles.length === 0 || table === undefined) return [];
  return [
    lintFinding({
      subject: view.name,
      message: `The materialized view '${view.name}' holds rows of '${table.name}' of every tenant, can have no policies, and ${listed(roles)} may read it.`,
      harm: `${roles.includes('anon') ? 'Anyone on the internet' : 'Any signed-in user'} can read what '${view.name}' keeps of every tenant.`,
      remarks: [{ object: view.name, statement: view.definition.trim(), place: view.definedAt }],
      severity: 'high',
      repair: { kind: 'revoke-all', object: view.name, roles },
    }),
  ];
}

/** Tables that the view reads, through other views too. */
function tablesBehind(view: View, { database }: CheckInput): readonly Table[] {
  const names = new Set(view.reads);
  for (const name of names) for (const inner of viewNamed(database, name)?.reads ?? []) names.add(inner);
  return database.tables.filter(table => names.has(table.name));
}

/** Columns that say whose a row is, or which one: without them a view may be made of sums. */
function telling(table: Table, { tenancy, database }: CheckInput): readonly string[] {
  if (table.name === platformTable(database, 'auth.users')?.name) return ['id', 'email', 'phone'];
  const ownership = ownerOf(tenancy, table.name)?.ownership;
  if (!isOwned(tenancy, table.name) || (ownership?.kind !== 'tenant' && ownership?.kind !== 'user')) return [];
  return [...table.primaryKey, ownership.path[0].column];
}
