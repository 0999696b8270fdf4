import { join } from 'node:path';

import { collectDatabase } from '../collect/database/collect.ts';
import { DrydockError } from '../core/error.ts';
import type { ReplicaDatabase } from '../core/ports.ts';
import type { OwnAccessCheck, ProbeResult } from '../core/result.ts';
import { copyApp } from '../fix/copy.ts';
import { synthesizeRows } from '../prove/exploit/seed.ts';
import type { Lab } from '../prove/probe/lab.ts';
import { probeApp } from '../prove/probe/probe.ts';
import { analyse } from './analyse.ts';
import type { Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { keeping } from './halfway.ts';
import { stackOf } from './results.ts';

/** `drydock probe`: a copy of the app, built and run on the embedded Postgres, attacked by made-up customers of it. */
export async function runProbe(
  root: string,
  options: { readonly migrations?: readonly string[] },
  context: CommandContext,
): Promise<ProbeResult> {
  const analysis = await analyse({ root, ...options, halves: 'both' }, context);
  const result = await keeping(analysis, async () => {
    requireRunnable(analysis);
    const copy = await copyApp(analysis.root, join(analysis.root, '.drydock', 'probe', 'app'));
    return probeFolder({ analysis, appRoot: copy.root, build: 'build', ...options }, context);
  });
  return { ...result, target: analysis.root, stack: stackOf(analysis), gaps: [...analysis.gaps, ...result.gaps] };
}

/** What a probe of one folder takes. The attacks are planned from the analysis, also against a repaired folder. */
export interface ProbeFolderOptions {
  readonly analysis: Analysis;
  readonly appRoot: string;
  readonly build: 'build' | 'reuse';
  readonly migrations?: readonly string[];
  readonly baseline?: readonly OwnAccessCheck[];
  readonly onLab?: (lab: Lab) => void;
}

/** Runs the probe in a folder, on a database of its own with the folder's migrations. */
export async function probeFolder(options: ProbeFolderOptions, context: CommandContext): Promise<ProbeResult> {
  const { analysis, appRoot, build, baseline, onLab } = options;
  const app = requireRunnable(analysis);
  const prepared = await freshDatabase(appRoot, options, context);
  try {
    return await probeApp({
      appRoot,
      planRoot: analysis.root,
      build,
      replicaDatabase: prepared.replicaDatabase,
      database: prepared.database,
      tenancy: analysis.tenancy,
      app,
      paths: analysis.judged.paths,
      findings: analysis.judged.findings,
      synthesizeRows,
      workFolder: join(appRoot, '.drydock'),
      progress: context.progress,
      ...(baseline === undefined ? {} : { baseline }),
      ...(onLab === undefined ? {} : { onLab }),
    });
  } finally {
    await prepared.replicaDatabase.drop();
  }
}

/** A database of the replica that holds what the folder's migrations make, and no row. */
export async function freshDatabase(
  root: string,
  options: { readonly migrations?: readonly string[] },
  context: CommandContext,
): Promise<{ readonly replicaDatabase: ReplicaDatabase; readonly database: Analysis['database'] }> {
  const collected = await collectDatabase({
    root,
    replica: await context.replica(),
    ...(options.migrations === undefined ? {} : { migrations: options.migrations }),
  });
  if (collected.replicaDatabase === undefined)
    throw new DrydockError('no-migrations', 'The app cannot be run without its migrations.', {
      next: 'Name them with --migrations <folder>.',
    });
  return { replicaDatabase: collected.replicaDatabase, database: collected.database };
}

/** The app, when all that is needed to run it is there. */
export function requireRunnable(analysis: Analysis): NonNullable<Analysis['app']> {
  const [first] = analysis.missing;
  if (first !== undefined) throw first;
  if (analysis.app === undefined)
    throw new DrydockError('not-an-app', `No Next.js app was found in '${analysis.root}'.`);
  requireOneApp(analysis);
  if (analysis.collected?.platform === 'supabase') {
    throw new DrydockError(
      'boot-failed',
      'An app on Supabase talks to Supabase’s own services, which Drydock does not run.',
      {
        next: 'drydock trace and drydock rules judge it without running it; drydock fix --no-attack repairs it.',
      },
    );
  }
  return analysis.app;
}

/** Building, running and changing take one app at a time. */
export function requireOneApp(analysis: Analysis): void {
  const folders = analysis.source?.apps.map(app => app.folder) ?? [];
  if (folders.length > 1)
    throw new DrydockError('usage', `There are ${folders.length} apps here, and this works on one at a time.`, {
      next: `Name one of these folders: ${folders.join(', ')}.`,
    });
}
