import type { DatabaseFunction } from './types.ts';

/** Tables that a body names without a schema, in lower case. */
export function bareNames(body: string): readonly string[] {
  return [...body.matchAll(/\b(?:from|join|update|into)\s+(?:only\s+)?"?([a-z_]\w*)"?(?![\w"]|\s*[.(])/gi)].map(match =>
    (match[1] ?? '').toLowerCase(),
  );
}

/**
 * Whether temporary tables of the session stand before the tables that a body names bare: they do unless the path says
 * where else they come. https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
 */
export function looksInTemporaryFirst({ searchPath, body, language }: DatabaseFunction): boolean {
  return (
    /^(sql|plpgsql)$/.test(language) &&
    !isResolved(body) &&
    (searchPath === undefined || !/pg_temp"?\s*$/.test(searchPath)) &&
    bareNames(body).length > 0
  );
}

/** A body in standard SQL was resolved when it was made. https://www.postgresql.org/docs/current/sql-createfunction.html */
export function isResolved(body: string): boolean {
  return /^\s*(begin\s+atomic|return\b)/i.test(body);
}
