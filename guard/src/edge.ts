/**
 * What edge runtimes get instead of the guard: they have no Postgres connection and no dependable async context, so a
 * guard there would only look like one.
 */
throw new Error(
  "@drydock/guard runs on Node.js only. Put `export const runtime = 'nodejs'` into this route, or move what needs tenant data out of the edge.",
);
export {};
