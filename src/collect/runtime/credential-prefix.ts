import { readFileSync } from 'node:fs';
import { globSync } from 'tinyglobby';

/** How API keys of the app begin (`Bearer ak_`), as its sources say; empty when they say nothing. */
export function credentialPrefix(appRoot: string): string {
  const files = globSync(['**/*.{ts,tsx,js,mjs}'], {
    cwd: appRoot,
    absolute: true,
    ignore: ['**/node_modules/**', '**/.next/**', '**/.drydock/**', '**/*.test.*'],
  }).sort();
  for (const file of files) {
    const match = /Bearer ([A-Za-z]{1,8}_(?:live_|test_)?)['"`]/.exec(readFileSync(file, 'utf8'));
    if (match?.[1] !== undefined) return match[1];
  }
  return '';
}
