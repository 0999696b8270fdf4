/** Which Postgres a replica is: the native server, or the one that runs as WebAssembly. */
export const engines = ['native', 'pglite'] as const;

/** One of `engines`. */
export type Engine = (typeof engines)[number];
