import { GuardError } from '../errors.ts';
import type { PgPool } from '../sql/transaction.ts';
import { parseTarget, parseTargets, type FreezeTarget } from './target.ts';

/** Where the switch is. */
export type FreezeSource =
  /** A variable of the environment: `DRYDOCK_FREEZE` where no other is named. Changed by a new deployment. */
  | { readonly kind: 'env'; readonly variable?: string }
  /** The table of `freezeMigration`, on a plain pool. Changed while the app runs, for all instances. */
  | { readonly kind: 'table'; readonly pool: Pick<PgPool, 'query'> };

/** Who changes what, and why. */
export interface FreezeChange {
  readonly reason: string;
  readonly by: string;
}

/** The switch, as it is read and changed. */
export interface Switch {
  read(): Promise<ReadonlySet<FreezeTarget>>;
  change(action: 'freeze' | 'unfreeze', target: FreezeTarget, change: FreezeChange): Promise<void>;
}

/** Makes the switch of a source. An environment with a word that is no target is told at start, not in an emergency. */
export function switchOf(source: FreezeSource): Switch {
  return source.kind === 'env' ? inEnvironment(source.variable ?? 'DRYDOCK_FREEZE') : inTable(source.pool);
}

function inEnvironment(variable: string): Switch {
  const read = (): ReadonlySet<FreezeTarget> => parseTargets(process.env[variable] ?? '');
  read();
  return {
    read: () => Promise.resolve().then(read),
    change: () => Promise.reject(new RangeError(`What is frozen stands in ${variable}: change it there and deploy.`)),
  };
}

function inTable(pool: Pick<PgPool, 'query'>): Switch {
  if ('selfTest' in pool) {
    throw new GuardError('unsafe-connection', 'The switch is read through a plain pool: it belongs to no tenant.');
  }
  return {
    read: async () => {
      const { rows } = await pool.query('select target from drydock.freeze');
      return new Set(rows.map(row => parseTarget(String(row['target']))));
    },
    change: async (action, target, { reason, by }) => {
      await pool.query('select drydock.change_freeze($1::text, $2::text, $3::text, $4::text)', [
        action,
        target,
        reason,
        by,
      ]);
    },
  };
}
