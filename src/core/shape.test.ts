import { expect, test } from 'vitest';
import { shapeOf, shapesText } from './shape.ts';

test('shapes are equal whatever the names in them are', () => {
  const one = shapesText([shapeOf('= of', ['note#1', 'shelf#2']), shapeOf('there is', ['shelf#2'])]);
  expect(shapesText([shapeOf('= of', ['note#7', 'shelf#9']), shapeOf('there is', ['shelf#9'])])).toBe(one);
});

test('which names are the same makes a difference, and so does the text', () => {
  const one = shapesText([shapeOf('= of', ['note#1', 'shelf#2']), shapeOf('there is', ['shelf#2'])]);
  expect(shapesText([shapeOf('= of', ['note#1', 'shelf#2']), shapeOf('there is', ['note#1'])])).not.toBe(one);
  expect(shapesText([shapeOf('= of', ['note#1', 'shelf#2']), shapeOf('there is no', ['shelf#2'])])).not.toBe(one);
});
