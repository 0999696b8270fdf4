import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'guard/{src,test}/**/*.test.ts'],
    exclude: ['**/fixtures/**', 'node_modules/**', 'examples/**'],
    // Two cores: a replica, a build and a browser beside each other are enough.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
