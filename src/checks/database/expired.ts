import { withoutComments } from '../../core/sql-text.ts';
import type { DatabaseFunction, DatabaseModel } from '../../model/database/types.ts';
import { callsOthers, writing } from './counters.ts';

/**
 * Whether a function takes nothing and does nothing but delete or mark rows that have expired by themselves: whoever calls it
 * does what the app's own clock was about to do.
 */
export function clearsExpired(definition: DatabaseFunction, database: DatabaseModel): boolean {
  const body = withoutComments(definition.body);
  const statements = [...body.matchAll(writing)].map(([text]) => text);
  const isDone = definition.arguments.length === 0 && statements.length > 0 && !callsOthers(body, definition, database);
  return isDone && statements.every(isAboutExpired);
}

function isAboutExpired(statement: string): boolean {
  const [, condition = ''] = /^(?:delete|update)\b.*?\bwhere\b(.*)$/is.exec(statement) ?? [];
  return !/\bor\b/i.test(condition) && expired.test(condition);
}

/** `expires_at < now()`, either way round: a moment that the row itself names. */
const expired = new RegExp(
  [
    '"?\\w*(?:expir|valid_until|valid_to)\\w*"?\\s*<=?\\s*@',
    '@\\s*>=?\\s*(?:\\w+\\.)?"?\\w*(?:expir|valid_until|valid_to)',
  ]
    .join('|')
    .replaceAll('@', '(?:now\\(\\)|current_timestamp|current_date|clock_timestamp\\(\\))'),
  'i',
);
