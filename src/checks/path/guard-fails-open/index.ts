import { leakCheck } from '../leak-check.ts';
import { describeQuery, siteOf } from '../rows.ts';
import { weakGuardOf, type WeakGuard } from '../weak-guard.ts';
import type { JudgedPath } from '../../check.ts';
import type { Repair } from '../../repair.ts';

/** A guard is called on the path and does not stop it: not awaited, answer dropped, failure caught, or only in a layout. */
export const check = leakCheck({
  id: 'path/guard-fails-open',
  title: 'Guard does not stop the path',
  severity: 'high',
  cwe: 636,
  reasons: ['fail-open', 'not-awaited', 'result-dropped', 'layout-only'],
  place: (path, input) => weakGuardOf(path, input)?.place ?? path.sink,
  message: (path, input) => `${describeQuery(path)} runs ${whenever(path, weakGuardOf(path, input))}.`,
  repair: (path, input) => ({
    kind: repairs[path.reason] ?? 'stop-on-failure',
    ...siteOf(path, weakGuardOf(path, input)?.place),
  }),
});

const repairs: Readonly<
  Partial<
    Record<
      JudgedPath['reason'],
      Extract<Repair['kind'], 'await-guard' | 'use-result' | 'guard-page-not-layout' | 'stop-on-failure'>
    >
  >
> = {
  'fail-open': 'stop-on-failure',
  'not-awaited': 'await-guard',
  'result-dropped': 'use-result',
  'layout-only': 'guard-page-not-layout',
};

function whenever(path: JudgedPath, guard: WeakGuard | undefined): string {
  const where = guard === undefined ? 'the guard' : `the guard at ${guard.place.file}:${guard.place.line}`;
  if (path.reason === 'not-awaited') return `before ${where} has answered, because its promise is not awaited`;
  if (path.reason === 'result-dropped') return `whatever ${where} answers, because its result is not used`;
  if (path.reason === 'layout-only') {
    return `without ${where}, because a layout does not run again when only the page is asked for`;
  }
  return `also when ${where} throws, because the error is caught and the path goes on`;
}
