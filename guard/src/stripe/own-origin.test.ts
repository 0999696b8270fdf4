import { expect, test } from 'vitest';
import { onOwnOrigin } from './own-origin.ts';

const own = 'https://app.example.com';

test.each(['/paid', 'https://app.example.com/paid', '?done=1'])('%s stays on the app', address => {
  expect(onOwnOrigin(own, address)).toMatch(/^https:\/\/app\.example\.com\//);
});

test.each([
  '//evil.example/',
  String.raw`\\evil.example`,
  'https://app.example.com@evil.example/',
  'https://app.example.com.evil.example/',
  'http://app.example.com/paid',
  'javascript:alert(1)',
  'https://user:word@app.example.com/',
])('%s leads away, and is refused', address => {
  expect(() => onOwnOrigin(own, address)).toThrow('not one of this app');
});

test('an app without an origin of the web sends nobody anywhere', () => {
  expect(() => onOwnOrigin('app.example:/paid', 'evil.example:/paid')).toThrow('not one of this app');
});
