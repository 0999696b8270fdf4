import { createRequire } from 'node:module';

/** The version of Drydock, as its package says. */
export const drydockVersion: string = readVersion();

function readVersion(): string {
  // Two folders up from src/report/ and from dist/report/ alike.
  const manifest: unknown = createRequire(import.meta.url)('../../package.json');
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion && typeof manifest.version === 'string' ? manifest.version : '0.0.0';
}
