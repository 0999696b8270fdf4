import { DrydockError } from '../../core/error.ts';
import type { Replica } from '../../core/ports.ts';
import type { Engine } from './engines.ts';
import { startReplica } from './start.ts';

/** Starts the Postgres that was asked for; without a wish the native one, or the other where there is no binary. */
export async function startReplicaOf(engine: Engine | undefined): Promise<Replica> {
  if (engine === 'pglite') return (await import('./pglite.ts')).startPglite();
  try {
    return await startReplica();
  } catch (thrown) {
    if (engine === 'native' || !(thrown instanceof DrydockError) || thrown.code !== 'no-binary') throw thrown;
    return (await import('./pglite.ts')).startPglite();
  }
}
