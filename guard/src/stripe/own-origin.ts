import { GuardError } from '../errors.ts';

/** An address of the app itself: whoever pays is never sent to a page that somebody else chose. */
export function onOwnOrigin(origin: string, address: string): string {
  const url = parse(origin, address);
  // Addresses of other schemes have no origin: all of them would be the same one.
  const isWeb = url !== undefined && /^https?:$/.test(url.protocol);
  if (!isWeb || url.origin !== new URL(origin).origin || url.username !== '' || url.password !== '') {
    throw new GuardError('bad-input', 'The address to return to is not one of this app.');
  }
  // In a path the braces of `{CHECKOUT_SESSION_ID}` would be encoded, and Stripe would put no id there.
  return url.href.replaceAll(/%7B(CHECKOUT_SESSION_ID)%7D/gi, '{$1}');
}

function parse(origin: string, address: string): URL | undefined {
  try {
    return new URL(address, origin);
  } catch {
    return undefined;
  }
}
