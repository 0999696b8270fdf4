/** What Drydock could not do, by code. Each maps to exit code 2. */
export type ErrorCode =
  | 'usage'
  | 'config'
  | 'target-not-found'
  | 'not-an-app'
  | 'no-migrations'
  | 'replica'
  | 'no-binary'
  | 'database-unreachable'
  | 'build-failed'
  | 'boot-failed'
  | 'port-in-use'
  | 'sign-in-failed'
  | 'interrupted';

/** An error that says to the user what happened, why, and what to do next. Anything else that is thrown is a bug. */
export class DrydockError extends Error {
  readonly code: ErrorCode;
  /** What the user can do next, as a full sentence; absent where there is nothing to do. */
  readonly next: string | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly next?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DrydockError';
    this.code = code;
    this.next = options.next;
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
