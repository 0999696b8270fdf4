/** Why the guard refused. */
export type GuardCode =
  /** A query without a scope: nobody said who is asking. */
  | 'no-scope'
  /** The user is no member of the tenant (any more). */
  | 'not-a-member'
  /** A connection taken for one tenant was used for another. */
  | 'scope-crossed'
  /** A statement that sets the guard's own settings or role. */
  | 'scope-tampered'
  /** An id that the database cannot read as a tenant or user. */
  | 'bad-id'
  /** Work as admin where no admin pool was given. */
  | 'no-admin-pool'
  /** The connection does not keep what the guard relies on; see the self-test. */
  | 'unsafe-connection'
  /** No session, or one that has expired. */
  | 'no-session'
  /** The caller's role or tenant does not allow this. */
  | 'forbidden'
  /** What was sent is not what the route declares. */
  | 'bad-input'
  /** An answer or a cache held a row of another tenant. */
  | 'foreign-row'
  /** A cache entry of tenant data without a tenant. */
  | 'keyless-cache'
  /** Too many requests. */
  | 'rate-limited'
  /** The route is frozen. */
  | 'frozen'
  /** A signature, time or mode of a webhook is wrong. */
  | 'bad-webhook'
  /** The runtime cannot hold what the guard needs. */
  | 'unsupported-runtime';

/** What an error of the guard may carry. */
export interface GuardErrorOptions extends ErrorOptions {
  readonly retryAfter?: number;
}

/** What the guard throws. The message is for the developer and holds no value of a row; callers of the app get a status. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
  readonly code: GuardCode;
  /** The status that tells the caller no more than they may know. */
  readonly status: number;
  /** After how many seconds the caller may try again, where that is known. */
  readonly retryAfter: number | undefined;

  constructor(code: GuardCode, message: string, options?: GuardErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = statuses[code];
    this.retryAfter = options?.retryAfter;
  }
}

/**
 * Whether something thrown is a refusal of the guard; also when another copy of this module made it.
 *
 * @example
 * if (isGuardError(error)) await recordRefusal(error.code);
 */
export function isGuardError(error: unknown): error is GuardError {
  return error instanceof Error && error.name === 'GuardError' && 'code' in error && 'status' in error;
}

/**
 * The refusal inside of something thrown: ORMs wrap what their driver threw, as `cause` or `driverError`, and Prisma keeps
 * only its code and message.
 *
 * @example
 * const refusal = guardErrorIn(error);
 * const answer = new Response(null, { status: refusal?.status ?? 500 });
 */
export function guardErrorIn(error: unknown): GuardError | undefined {
  let inner = error;
  for (let depth = 0; depth < 8 && typeof inner === 'object' && inner !== null; depth += 1) {
    if (isGuardError(inner)) return inner;
    if (inner instanceof Error && isPrismas(inner)) return new GuardError(inner.code, inner.message, { cause: inner });
    inner = ('driverError' in inner ? inner.driverError : undefined) ?? ('cause' in inner ? inner.cause : undefined);
  }
  return undefined;
}

function isPrismas(error: Error): error is Error & { readonly code: GuardCode } {
  return error.name.startsWith('PrismaClient') && 'code' in error && String(error.code) in statuses;
}

/** 404 wherever 403 would tell that the thing exists. */
const statuses: Readonly<Record<GuardCode, number>> = {
  'no-scope': 500,
  'not-a-member': 404,
  'scope-crossed': 500,
  'scope-tampered': 500,
  'bad-id': 404,
  'no-admin-pool': 500,
  'unsafe-connection': 500,
  'no-session': 401,
  forbidden: 404,
  'bad-input': 400,
  'foreign-row': 500,
  'keyless-cache': 500,
  'rate-limited': 429,
  frozen: 503,
  'bad-webhook': 400,
  'unsupported-runtime': 500,
};
