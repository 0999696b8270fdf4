import { leakCheck } from '../leak-check.ts';
import { siteOf } from '../rows.ts';
import { isOfEntryPoint } from '../speaks-for.ts';

/** Rows that belong to a tenant, reached by anyone on the internet: the path never asks who is calling. */
export const check = leakCheck({
  id: 'path/entry-point-without-authentication',
  title: 'Entry point without authentication',
  severity: 'critical',
  cwe: 306,
  reasons: ['no-authentication'],
  applies: isOfEntryPoint,
  message: path => `'${path.entryPoint.name}' reaches '${path.sink.table}' and never asks who is calling.`,
  repair: path => ({
    kind: path.entryPoint.kind === 'cron' ? 'require-cron-secret' : 'require-session',
    ...siteOf(path, path.entryPoint),
  }),
});
