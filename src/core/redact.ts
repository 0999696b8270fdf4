const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b(postgres(?:ql)?:\/\/[^:@/\s]+):[^@\s]+@/gi, '$1:‹hidden›@'],
  [/\b(sk|rk|whsec|pk)_(live|test)?_?[A-Za-z0-9]{8,}/g, '$1_‹hidden›'],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, '‹hidden token›'],
  [/\b(authorization|cookie|set-cookie|apikey|x-api-key)(["']?\s*[:=]\s*["']?)[^\r\n"']+/gi, '$1$2‹hidden›'],
  [/\bwhsec_[A-Za-z0-9+/=]{8,}/g, 'whsec_‹hidden›'],
];

/** What every pattern begins with: almost every text has none of it. */
const suspicious = /postgres(?:ql)?:\/\/|(?:sk|rk|whsec|pk)_|eyJ|authorization|cookie|api-?key/i;

/** Hides connection passwords, keys, tokens and cookies in a text that is to be printed or saved. */
export function redact(text: string): string {
  if (!suspicious.test(text)) return text;
  return patterns.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), text);
}
