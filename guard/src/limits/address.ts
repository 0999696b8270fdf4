import { isIP } from 'node:net';

/** How the app is reached. */
export interface AddressOptions {
  /**
   * How many proxies of your own (load balancer, CDN) stand in front, each adding the address it was called from to
   * `x-forwarded-for`. 0: the header is not read at all.
   */
  readonly trustedProxies: number;
  /** The address of the connection itself, where the server tells it. */
  readonly peer?: string;
}

/**
 * The address that a request came from, as far as your own proxies saw it. Whatever stands further left in
 * `x-forwarded-for` was written by the caller, who may write anything: it is not read. No answer where the request did
 * not come through all of the proxies.
 *
 * @example
 * const address = clientAddress(request.headers, { trustedProxies: 1 });
 * await limits.consume('login', { user: email, ...(address === undefined ? {} : { address }) });
 */
export function clientAddress(headers: Headers, { trustedProxies, peer }: AddressOptions): string | undefined {
  if (!Number.isSafeInteger(trustedProxies) || trustedProxies < 0) {
    throw new RangeError('The number of trusted proxies is a whole number from 0.');
  }
  if (trustedProxies === 0) return peer === undefined ? undefined : normalised(peer);
  const seen = (headers.get('x-forwarded-for') ?? '').split(',');
  const entry = seen[seen.length - trustedProxies];
  return entry === undefined ? undefined : normalised(entry);
}

/** One way of writing for each address, without port; IPv4 that travels as IPv6 is IPv4. */
function normalised(entry: string): string | undefined {
  const text = entry.trim().replace(/^\[(.*)\](?::\d+)?$/, '$1');
  const address = /^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
  if (isIP(address) === 4) return address;
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xff_ff;
  // Servers with IPv6 alone are called from IPv4 through these (RFC 6052): all of them would be one /64.
  const isTranslated = groups[0] === 0x64 && groups[1] === 0xff_9b && groups.slice(2, 6).every(group => group === 0);
  // Whoever has one IPv4 address has 65,536 of these networks (6to4, RFC 3056).
  const isTunnelled = groups[0] === 0x20_02;
  if (!isMapped && !isTranslated && !isTunnelled) return new URL(`http://[${address}]`).hostname.slice(1, -1);
  return (isTunnelled ? groups.slice(1, 3) : groups.slice(6)).flatMap(group => [group >> 8, group & 0xff]).join('.');
}

/**
 * What limits count as one caller: an IPv4 address, or the /64 of an IPv6 one, which is what one line is given and may
 * choose addresses from. https://www.rfc-editor.org/rfc/rfc6177
 */
export function networkOf(address: string): string {
  const text = normalised(address);
  if (text === undefined) return 'unknown';
  if (isIP(text) === 4) return text;
  return groupsOf(text)
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':');
}

/** The eight groups of an IPv6 address, by the one parser that knows all of its forms. */
function groupsOf(address: string): number[] {
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map(group => Number.parseInt(group, 16));
  const [before, after] = [read(left), read(right ?? '')];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}
