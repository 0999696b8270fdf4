import { describe, expect, test } from 'vitest';
import { clientAddress, networkOf } from './address.ts';

function from(forwarded: string | undefined, trustedProxies: number, peer?: string): string | undefined {
  const headers = new Headers(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded });
  return clientAddress(headers, { trustedProxies, ...(peer === undefined ? {} : { peer }) });
}

describe('the address of a caller', () => {
  test('is what the outermost of the own proxies saw, not what the caller wrote', () => {
    expect(from('6.6.6.6, 203.0.113.7', 1)).toBe('203.0.113.7');
    expect(from('6.6.6.6, 203.0.113.7, 10.0.0.2', 2)).toBe('203.0.113.7');
  });

  test('is that of the connection where there is no proxy, whatever the header says', () => {
    expect(from('6.6.6.6', 0, '203.0.113.7')).toBe('203.0.113.7');
    expect(from('6.6.6.6', 0)).toBeUndefined();
  });

  test('is not told where the request came past a proxy, or the entry is no address', () => {
    expect(from('203.0.113.7', 2)).toBeUndefined();
    expect(from(undefined, 1)).toBeUndefined();
    expect(from('unknown', 1)).toBeUndefined();
    expect(from('203.0.113.7, ', 1)).toBeUndefined();
  });

  test.each([
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['64:ff9b::cb00:7107', '203.0.113.7'],
    ['64:ff9b:1::cb00:7107', '64:ff9b:1::cb00:7107'],
    ['fe80::1%eth0', undefined],
    ['203.0.113', undefined],
  ])('%s is written as %s', (given, address) => {
    expect(from(given, 1)).toBe(address);
  });

  test('a number of proxies that is none is refused', () => {
    expect(() => from('203.0.113.7', -1)).toThrow(RangeError);
    expect(() => from('203.0.113.7', Number.NaN)).toThrow(RangeError);
  });

  test('the addresses of one IPv6 line are one caller, those of IPv4 each their own', () => {
    expect(networkOf('2001:db8:0:1::1')).toBe(networkOf('2001:db8:0:1:ffff:ffff:ffff:ffff'));
    expect(networkOf('2001:db8:0:1::1')).not.toBe(networkOf('2001:db8:0:2::1'));
    expect(networkOf('203.0.113.7')).not.toBe(networkOf('203.0.113.8'));
    expect(networkOf('2002:cb00:7107:1::1')).toBe(networkOf('2002:cb00:7107:ffff::2'));
    expect(networkOf('2002:cb00:7107:1::1')).toBe('203.0.113.7');
  });
});
