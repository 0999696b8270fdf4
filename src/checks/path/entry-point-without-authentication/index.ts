import { leakCheck } from '../leak-check.ts';
import { siteOf } from '../rows.ts';
import type { CheckInput, JudgedPath } from '../../check.ts';

/** Rows that belong to a tenant, reached by anyone on the internet: the path never asks who is calling. */
export const check = leakCheck({
  id: 'path/entry-point-without-authentication',
  title: 'Entry point without authentication',
  severity: 'critical',
  cwe: 306,
  reasons: ['no-authentication'],
  applies: (path, input) => !isUnverifiedWebhook(path, input),
  message: path => `'${path.entryPoint.name}' reaches '${path.sink.table}' and never asks who is calling.`,
  repair: path => ({
    kind: path.entryPoint.kind === 'cron' ? 'require-cron-secret' : 'require-session',
    ...siteOf(path, path.entryPoint),
  }),
});

/** Such a webhook has a check of its own. */
function isUnverifiedWebhook(path: JudgedPath, { app }: CheckInput): boolean {
  return (app?.observations ?? []).some(
    seen => seen.kind === 'webhook' && !seen.verified && seen.entryPoint === path.entryPoint.name,
  );
}
