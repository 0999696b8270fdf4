import { join } from 'node:path';

import { bootApp } from '../collect/runtime/app-process.ts';
import { messageOf } from '../core/error.ts';
import type { Gap } from '../core/gap.ts';
import type { Attack, RescueResult } from '../core/result.ts';
import { proveTests } from '../fix/regression/prove-tests.ts';
import type { TestTarget } from '../fix/regression/prove-tests.ts';
import type { RunningTarget } from '../fix/regression/run-tests.ts';
import { createWorld } from '../fix/regression/world.ts';
import type { Lab } from '../prove/probe/lab.ts';
import { password } from '../prove/probe/sign-in/better-auth.ts';
import type { CommandContext } from './context.ts';
import { freshDatabase } from './probe.ts';

/** Where regression tests are proved: the app as it was and the repaired copy, both built. */
export interface RegressionOptions {
  readonly attacks: readonly Attack[];
  /** The lab of the first probe: the rows that the tests start from. */
  readonly lab: Lab;
  readonly leakingRoot: string;
  readonly repairedRoot: string;
  readonly migrations?: readonly string[];
}

/** Writes the regression suite into the repaired copy, keeping only tests that tell the two apart. */
export async function writeRegressionTests(
  options: RegressionOptions,
  context: CommandContext,
): Promise<{ readonly tests: RescueResult['tests']; readonly gaps: readonly Gap[] }> {
  const stage = context.progress.start('Writing regression tests and running them on both apps');
  const { lab } = options;
  const world = createWorld({ ...lab, password, routes: lab.manifests.routes.map(route => route.pattern) });
  try {
    const target = (root: string): TestTarget => ({ root, run: work => runOn(root, work, options, context) });
    const leaked = options.attacks.filter(attack => attack.outcome === 'leaked');
    const proved = await proveTests({
      attacks: leaked,
      world,
      leaking: target(options.leakingRoot),
      repaired: target(options.repairedRoot),
    });
    stage.done(
      `${proved.written} tests written: all fail on the app as it was and pass on the repaired copy; ${proved.left.length} attacks have none`,
    );
    const { written, failingBefore, passingAfter, files } = proved;
    return {
      tests: { written, failingBefore, passingAfter, files },
      gaps: [...new Set(proved.left.map(left => `No regression test for ${left.entryPoint}: ${left.reason}`))].map(
        reason => ({
          reason,
          file: '',
          line: 0,
          settles: 0,
        }),
      ),
    };
  } catch (thrown) {
    stage.fail(`No regression tests: ${messageOf(thrown)}`);
    return {
      tests: { written: 0, failingBefore: 0, passingAfter: 0, files: [] },
      gaps: [
        { reason: `The regression tests could not be tried: ${messageOf(thrown)}`, file: '', line: 0, settles: 0 },
      ],
    };
  }
}

/** A finished build, started on a database of its own for as long as the work takes. */
async function runOn<T>(
  root: string,
  work: (target: RunningTarget) => Promise<T>,
  options: RegressionOptions,
  context: CommandContext,
): Promise<T> {
  const { replicaDatabase, database } = await freshDatabase(
    root,
    options.migrations === undefined ? {} : { migrations: options.migrations },
    context,
  );
  try {
    const app = await bootApp({
      appRoot: root,
      workFolder: join(root, '.drydock'),
      databaseUrl: replicaDatabase.url,
      roles: database.roles.filter(role => role.login).map(role => role.name),
    });
    try {
      const environment = Object.fromEntries(app.variables.map(variable => [variable.name, variable.value]));
      return await work({ root, baseUrl: app.baseUrl, databaseUrl: replicaDatabase.url, environment });
    } finally {
      await app.stop();
    }
  } finally {
    await replicaDatabase.drop();
  }
}
