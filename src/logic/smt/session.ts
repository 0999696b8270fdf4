import { nothing, type Scalar } from './value.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Who asks: the role, and what platform and app say about the user. */
export interface Session {
  readonly role: string;
  readonly signedIn: boolean;
  user(): Scalar;
  email(): Scalar;
  /** A value in the token, by its path. */
  claim(path: string): Scalar;
  /** `current_setting(name)`. */
  setting(name: string): Scalar;
  /** Values that the server chose: they name only what is the user's. */
  readonly trusted: ReadonlyMap<string, string>;
  /** Notes that a value holds something for each of several: under keys that are no constants, or in objects of a list. */
  lookInto(term: string, as: 'map' | 'list'): void;
  /** Those of the values that the server chose that do. */
  readonly several: ReadonlyMap<string, 'map' | 'list'>;
  /** Values that the caller chose. */
  readonly chosen: ReadonlySet<string>;
}

/** Which session it is. */
export interface SessionKind {
  readonly role: string;
  readonly signedIn: boolean;
  /** Whether a setting of the app's own is named after the user who asks. */
  readonly namesUser: (setting: string) => boolean;
}

/** A session of a role, of somebody signed in or of nobody. */
export function createSession(vocabulary: Vocabulary, { role, signedIn, namesUser }: SessionKind): Session {
  const trusted = new Map<string, string>();
  const chosen = new Set<string>();
  const several = new Map<string, 'map' | 'list'>();
  const own = (name: string, type?: string): Scalar =>
    signedIn
      ? { term: vocabulary.free(name), isNull: 'false', ...(type === undefined ? {} : { type }) }
      : nothing(type);
  const given = (name: string, kind: 'trusted' | 'chosen', path?: string): Scalar => {
    const term = vocabulary.free(name);
    if (kind === 'trusted') trusted.set(term, name);
    else chosen.add(name);
    const isNull = kind === 'trusted' && !signedIn ? 'true' : vocabulary.free(`${name} is null`, 'Bool');
    return { term, isNull, ...(path === undefined ? {} : { claims: path }) };
  };
  const session: Session = {
    role,
    signedIn,
    trusted,
    chosen,
    several,
    lookInto: (term, as) => {
      if (trusted.has(term)) several.set(term, as);
    },
    user: () => own('the user'),
    email: () => own('the user’s address', 'text'),
    claim: path => {
      if (path === 'sub') return session.user();
      if (path === 'email') return session.email();
      if (path === 'role') return { term: vocabulary.constant(role), isNull: 'false', type: 'text' };
      // Users write their own user_metadata: https://supabase.com/docs/guides/auth/users
      if (/^user_metadata\b|^raw_user_meta/.test(path))
        return signedIn ? given(`claim ${path}`, 'chosen', path) : nothing();
      return given(`claim ${path}`, 'trusted', path);
    },
    setting: name => settingOf(name, session, { vocabulary, given, namesUser }),
  };
  return session;
}

function settingOf(
  name: string,
  session: Session,
  {
    vocabulary,
    given,
    namesUser,
  }: Pick<SessionKind, 'namesUser'> & {
    readonly vocabulary: Vocabulary;
    readonly given: (name: string, kind: 'trusted' | 'chosen') => Scalar;
  },
): Scalar {
  if (name === 'request.jwt.claim.sub') return session.user();
  if (name === 'request.jwt.claim.email') return session.email();
  if (name === 'request.jwt.claim.role' || name === 'role') return session.claim('role');
  if (name.startsWith('request.jwt.claim.')) return session.claim(name.slice('request.jwt.claim.'.length));
  // Unset it is null, and empty once it was set in a transaction before.
  if (!session.signedIn && !/^(request|realtime)\./.test(name))
    return {
      term: vocabulary.constant(''),
      isNull: vocabulary.free(`setting ${name} is null`, 'Bool'),
      type: 'text',
      literal: '',
    };
  // Headers, the topic and the path come with the request.
  if (/^(request|realtime)\./.test(name)) return given(`setting ${name}`, 'chosen');
  if (/bypass|super|service|system|internal|is_?admin/i.test(name)) {
    return {
      term: vocabulary.constant('false'),
      isNull: vocabulary.free(`setting ${name} is null`, 'Bool'),
      type: 'text',
    };
  }
  if (/e_?mail/i.test(name)) return session.email();
  if (namesUser(name)) return session.user();
  return { ...given(`setting ${name}`, 'trusted'), type: 'text' };
}
