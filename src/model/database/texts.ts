import { once } from '../../core/once.ts';
import type { DatabaseModel } from './types.ts';

/** What policies and functions say, each condition and each body. */
export const conditionsAndBodies = once(({ tables, functions }: DatabaseModel): readonly string[] =>
  [
    ...tables.flatMap(({ policies }) => policies.flatMap(({ using = '', check = '' }) => [using, check])),
    ...functions.map(({ body }) => body),
  ].filter(text => text !== ''),
);
