import { GuardError } from '../errors.ts';
import type { QueryCallback, QueryConfig } from './wire.ts';

/** Runs `work` with a callback, or makes the promise that node-postgres would have returned. */
export function promised(callback: QueryCallback | undefined, work: (settle: QueryCallback) => unknown): unknown {
  if (callback !== undefined) {
    work(thrownOutside(callback));
    return undefined;
  }
  return new Promise((resolve, reject) => {
    work((error, result) => (error ? reject(error) : resolve(result)));
  }).catch((error: unknown) => {
    if (error instanceof Error && !(error instanceof GuardError)) Error.captureStackTrace(error);
    throw error;
  });
}

/**
 * What a callback throws is thrown outside, as node-postgres does it with answers. Thrown through its parser, as with
 * errors, it leaves there what was read already, and the rows of one query come again as those of the next.
 */
function thrownOutside(callback: QueryCallback): QueryCallback {
  return (error, result) => {
    try {
      callback(error, result);
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown;
      });
    }
  };
}

/** Tells of a refusal as Postgres' own errors are told: later, to the callback or by the promise. */
export function refused(error: GuardError, callback: QueryCallback | undefined): unknown {
  return promised(callback, settle => process.nextTick(() => settle(error)));
}

/** What is asked, from the first two values of a call of `query`. */
export function configOf(first: unknown, second: unknown): QueryConfig {
  const config = typeof first === 'string' ? { text: first } : (first as QueryConfig);
  return Array.isArray(second) ? { ...config, values: second } : config;
}

/** Who is told, from the values of a call of `query`. */
export function callbackOf(first: unknown, second: unknown, third: unknown): QueryCallback | undefined {
  const own = typeof first === 'object' && first !== null && 'callback' in first ? first.callback : undefined;
  const found = [third, second, own].find(value => typeof value === 'function');
  return found === undefined ? undefined : (found as QueryCallback);
}

/** The SQLSTATE of an error that Postgres answered with, or the code of what else went wrong. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
