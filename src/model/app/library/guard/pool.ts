import { callValue, handlerValue } from '../../calls.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type Machine } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import { fieldOf, undefinedValue, type Value } from '../../value.ts';
import { poolValue } from '../pg.ts';
import { asDriver, copyState, startState, type ClientState, type DriverNative } from '../queries.ts';
import { guardedRole } from './role.ts';
import type { Guard } from './statement.ts';

/** What the options of a guarded pool say; none where it may only watch, nobody can tell, or no migration is for it. */
function guardFrom(machine: Machine, options: Value | undefined): Guard | undefined {
  if (options?.kind !== 'object' || !refuses(fieldOf(options, 'mode'))) return undefined;
  const named = fieldOf(options, 'settings');
  const settings = {
    tenant: textIn(named, 'tenant') ?? 'app.tenant_id',
    user: textIn(named, 'user') ?? 'app.user_id',
  };
  const role = guardedRole(machine, Object.values(settings));
  if (role === undefined) return undefined;
  const membership = fieldOf(options, 'membership');
  const table = textIn(membership, 'table');
  const user = textIn(membership, 'user');
  const tenant = textIn(membership, 'tenant');
  const resolve = fieldOf(options, 'resolve');
  const admin = fieldOf(options, 'admin');
  return {
    key: valueKey(options),
    role,
    settings,
    membership:
      table === undefined || user === undefined || tenant === undefined
        ? undefined
        : { table: table.replace(/^public\./, ''), user, tenant },
    resolve: resolve?.kind === 'constant' ? undefined : resolve,
    hasAdmin: admin !== undefined && admin.kind !== 'constant',
  };
}

/** A guard that only watches lets every statement go as it is. */
function refuses(mode: Value | undefined): boolean {
  return (
    mode === undefined ||
    alternativesOf(mode).every(
      ({ value }) =>
        value.kind === 'constant' && (value.value === undefined || value.value === 'enforce' || value.value === 'test'),
    )
  );
}

function textIn(value: Value | undefined, name: string): string | undefined {
  const field = value === undefined ? undefined : fieldOf(value, name);
  return field?.kind === 'constant' && typeof field.value === 'string' ? field.value : undefined;
}

function stateFrom(call: Call, options: Value | undefined): ClientState {
  const guard = guardFrom(call.machine, options);
  return guard === undefined ? startState('pg') : { ...startState('pg'), guard };
}

const guardPool: Handler = call => poolValue(stateFrom(call, call.arguments[1]));

/** The module `pg` with guarded classes, which a library opens its own connections with. */
const guardedPg: Handler = call => {
  const state = stateFrom(call, call.arguments[0]);
  const native: DriverNative = {
    name: 'pg',
    key: `guarded pg ${state.guard?.key ?? ''}`,
    driver: state,
    member: name =>
      name === 'Pool' || name === 'Client'
        ? nativeValue({
            name,
            key: `${name} of guarded pg ${state.guard?.key ?? ''}`,
            method: method => (method === 'new' ? poolValue(copyState(state)) : undefined),
          })
        : undefined,
  };
  return nativeValue(native);
};

/** Transactions of postgres.js in which the guard says who is asking. */
const guardBegin: Handler = ({ machine, arguments: [client = undefinedValue, options] }) => {
  const guard = guardFrom(machine, options);
  return handlerValue('begin', `guarded begin ${valueKey(client)} ${guard?.key ?? ''}`, call => {
    const { frame, at, end, arguments: given } = call;
    const transaction = guard === undefined ? client : (asDriver(client)?.guardedBy?.(guard) ?? client);
    return callValue(machine, frame, given[0] ?? undefinedValue, [transaction], { at, end });
  });
};

/** Pools of @drydock/guard. */
export const guardPoolHandlers: Readonly<Record<string, Handler>> = {
  '@drydock/guard/pg#guardPool': guardPool,
  '@drydock/guard/pg#guardedPg': guardedPg,
  // It keeps the callers of a client apart, and gives the client back.
  '@drydock/guard/prisma#guardPrisma': ({ arguments: [client = undefinedValue] }) => client,
  '@drydock/guard/postgres-js#guardBegin': guardBegin,
};
