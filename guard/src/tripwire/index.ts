/** The last look at rows and data before they leave. */
export { guardData } from './json.ts';
export type { Tripwire } from './json.ts';
export { resultTripwire } from './results.ts';
export type { InspectRows, QueryRows } from './results.ts';
export { guardRows } from './rows.ts';
export type { RowsTripwire } from './rows.ts';
