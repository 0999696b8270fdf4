import { describe, expect, expectTypeOf, test } from 'vitest';
import { narrow } from './fields.ts';

const invoice = {
  id: 1,
  issued: new Date(0),
  tags: ['a', 'b'],
  customer: { name: 'Ada', iban: 'DE00' },
  lines: [{ price: 3, cost: 1 }],
  settings: { theme: { dark: true } },
  secret: 'hunter2',
};

describe('what is left of a value', () => {
  test('are the declared fields, in objects and in lists however deep', () => {
    const left = narrow([invoice], ['id', 'issued', 'tags', { customer: ['name'], lines: ['price'] }]);
    expect(left).toEqual([
      { id: 1, issued: new Date(0), tags: ['a', 'b'], customer: { name: 'Ada' }, lines: [{ price: 3 }] },
    ]);
    expectTypeOf(left[0]).toExtend<{ id: number; customer: { name: string } } | undefined>();
  });

  test('is no object under a plain name, unless it leaves whole by name', () => {
    expect(narrow(invoice, ['customer', 'lines', 'id'])).toEqual({ id: 1 });
    expect(narrow(invoice, [{ settings: '*' }])).toEqual({ settings: { theme: { dark: true } } });
  });

  test('is nothing where text stands instead of the declared object', () => {
    expect(narrow('hunter2', ['id'])).toBeUndefined();
    expect(narrow(['hunter2'], ['id'])).toEqual([null]);
    expect(narrow({ customer: 'hunter2' }, [{ customer: ['name'] }])).toEqual({});
  });

  test('comes from what the value says by toJSON, not from inside of it', () => {
    const decimal = { secret: 1, toJSON: () => '3.50' };
    expect(narrow({ price: decimal }, ['price'])).toEqual({ price: '3.50' });
    const row = { toJSON: () => ({ id: 1, secret: 2 }) };
    expect(narrow([row], ['id'])).toEqual([{ id: 1 }]);
  });

  test('is never inherited', () => {
    expect(narrow(Object.create({ id: 1 }) as object, ['id', 'constructor', '__proto__'])).toEqual({});
  });

  test('keeps null, which says that there is nothing', () => {
    expect(narrow(null, ['id'])).toBeNull();
    expect(narrow({ customer: null }, [{ customer: ['name'] }])).toEqual({ customer: null });
  });

  test('inherits nothing from what was sent under a name of JavaScript’s own', () => {
    const sent = JSON.parse('{"id":1,"__proto__":"x","toString":"y"}') as { readonly id: number };
    const left = narrow(sent, ['id', '__proto__', 'toString'] as const) as object;
    expect([Object.getPrototypeOf(left), Object.keys(left)]).toEqual([
      Object.prototype,
      ['id', '__proto__', 'toString'],
    ]);
    expect(Object.keys(narrow({ id: 1 }, ['id', 'toString'] as const) as object)).toEqual(['id']);
  });
});
