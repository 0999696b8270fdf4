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

/** A moment that the row itself names as its end. */
const due = String.raw`\w*(?:expir|valid_until|valid_to|due_(?:at|on|date)|deadline|ends?_(?:at|on|date))\w*`;

function isAboutExpired(statement: string): boolean {
  const [, condition = ''] = /^(?:delete|update)\b.*?\bwhere\b(.*)$/is.exec(statement) ?? [];
  return !/\bor\b/i.test(condition) && expired.test(condition);
}

/**
 * `expires_at < now()`, either way round, or so long after a moment of the row: `created_at < now() - interval '30 days'`. A
 * moment that every row has behind it from the start says nothing without a span.
 */
const expired = pattern(
  [
    String.raw`\b"?${due}"?\s*<=?\s*@`,
    String.raw`@\s*>=?\s*(?:\w+\.)?"?${due}"?\b`,
    String.raw`\w"?\s*<=?\s*\(?@\s*-\s*#`,
    String.raw`@\s*-\s*#\s*\)?\s*>=?\s*(?:\w+\.)?"?\w`,
    String.raw`@\s*-\s*(?:\w+\.)?"?\w+"?\s*>=?\s*#`,
    String.raw`\w"?\s*\+\s*#\s*<=?\s*@`,
  ].join('|'),
);

function pattern(text: string): RegExp {
  return new RegExp(
    text
      .replaceAll('@', String.raw`(?:now\(\)|current_timestamp|current_date|clock_timestamp\(\))`)
      .replaceAll('#', String.raw`(?:interval\s*'[^']*[1-9][^']*'|'[^']*[1-9][^']*'::interval)`),
    'i',
  );
}
