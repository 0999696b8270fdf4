import { expect, test } from 'vitest';
import { Lifetime } from './lifetime.ts';

test('what starts after everything was let go of is let go of at once', async () => {
  const lifetime = new Lifetime();
  const released: string[] = [];
  const release = (name: string): Promise<void> => Promise.resolve(void released.push(name));
  lifetime.hold('early', 'early', release);
  await lifetime.close();
  lifetime.hold('late', 'late', release);
  expect(released).toEqual(['early', 'late']);
});
