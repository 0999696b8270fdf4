import type { Cell } from '../../../core/cell.ts';
import type { JudgedPath } from '../../check.ts';
import { describeCallHarm, describeHarm } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { describeQuery, siteOf } from '../rows.ts';

/** The database client is bound to the session, and the policy, view or function that the query relies on lets other tenants' rows through. */
export const check = leakCheck({
  id: 'path/policy-does-not-isolate',
  title: 'The policy behind the query does not isolate',
  severity: 'high',
  cwe: 863,
  reasons: ['policy-leaks'],
  harm: ({ principal, sink, model }, { tenancy }) =>
    model.query.calls === undefined
      ? describeHarm({ principal, operation: sink.operation, table: sink.table }, tenancy)
      : describeCallHarm(principal, model.query.calls.function, tenancy),
  message: path =>
    `${describeQuery(path)} leaves the isolation to the database, where '${path.model.query.calls?.function ?? path.sink.table}' lets the role '${roleOf(path)}' reach other tenants' rows.`,
  evidence: (path, { cells }) => {
    const command = path.model.query.calls === undefined ? commands[path.sink.operation] : 'execute';
    const leaking = cells.filter(
      cell =>
        cell.verdict === 'leaks' &&
        cell.command === command &&
        isObject(cell, path.sink.table) &&
        cell.role === roleOf(path),
    );
    const replays = leaking.flatMap(({ object, role, evidence }) =>
      evidence.flatMap(({ kind, transcript }) =>
        kind === 'replay' ? [{ kind, object, role, command, transcript }] : [],
      ),
    );
    return replays.slice(0, 1);
  },
  repair: path => ({
    kind: 'repair-object',
    ...siteOf(path),
    object: path.model.query.calls?.function ?? path.sink.table,
    operation: path.sink.operation,
    ...(path.model.client.sqlRole === undefined ? {} : { sqlRole: path.model.client.sqlRole }),
  }),
});

const commands = { read: 'select', insert: 'insert', update: 'update', delete: 'delete' } as const;

function roleOf(path: JudgedPath): string {
  return path.model.client.sqlRole ?? path.sink.role;
}

/** Functions of the matrix carry their argument types. */
function isObject(cell: Cell, name: string): boolean {
  const object = cell.object.replace(/\(.*$/, '');
  return name === object || name === `${cell.schema}.${object}`;
}
