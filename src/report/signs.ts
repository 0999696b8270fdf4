import type { Verdict } from '../core/verdict.ts';
import { unreachable } from '../core/unreachable.ts';

/** The sign of a verdict in a cell; each has its own, so that colour is never alone. */
export function cellSign(verdict: Verdict): string {
  switch (verdict) {
    case 'leaks':
      return '✗';
    case 'isolated':
      return '·';
    case 'public':
      return 'o';
    case 'broken':
      return '!';
    case 'unknown':
      return '?';
    default:
      return unreachable(verdict);
  }
}
