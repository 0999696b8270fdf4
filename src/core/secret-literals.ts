const shortestKey = 10;
const isNoHost = /^(?:localhost|127\.|0\.0\.0\.0|\[|host\b|hostname\b|.*\bexample\b|db$|postgres$)/i;

/** What stands in forms and instructions to show what a key looks like. */
function isMadeUp(key: string): boolean {
  return (
    /1234|2345|abcd|[x*.]{3}|[<>{}$\s]|example|placeholder|dummy|sample|your|changeme|^(?:password|pass|pw|secret|postgres|root|admin)$/i.test(
      key,
    ) || new Set(key).size < Math.min(6, key.length)
  );
}

/** Publishable keys (`pk_…`) and tokens of Supabase's anonymous role belong in the browser. */
export function isSecretLiteral(text: string): boolean {
  const key = /^(?:(?:sk|rk)_(?:live|test)_|whsec_|sb_secret_)(.*)$/s.exec(text)?.[1];
  if (key !== undefined) return key.length >= shortestKey && !isMadeUp(key);
  const login = /^postgres(?:ql)?:\/\/[^:]+:([^@]+)@([^/:?]+)/.exec(text);
  if (login !== null) return !isMadeUp(login[1] ?? '') && !isNoHost.test(login[2] ?? '');
  const payload = /^eyJ[\w-]*\.(eyJ[\w-]*)\./.exec(text)?.[1];
  const claims = payload === undefined ? '' : Buffer.from(payload, 'base64url').toString('utf8');
  // What `supabase start` signs with is the same on every machine.
  return claims.includes('service_role') && !claims.includes('supabase-demo');
}

/** A secret of a service within a text, by what it is and where it begins. */
export interface SecretWithin {
  readonly kind: string;
  readonly index: number;
}

const tokens = /\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*|\b(?:(?:sk|rk)_live|whsec|sb_secret)_\w+/g;

/** The secrets of a text that live services take. */
export function secretsWithin(text: string): readonly SecretWithin[] {
  return [...text.matchAll(tokens)]
    .filter(([token]) => isSecretLiteral(token))
    .map(({ 0: token, index }) => ({ kind: kindOf(token), index }));
}

function kindOf(token: string): string {
  if (token.startsWith('whsec_')) return 'the secret of a webhook';
  return /^[sr]k_/.test(token) ? 'a live key of Stripe' : 'a service key of Supabase';
}
