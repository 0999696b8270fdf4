// What `generate` and `new-check` both need to know of the folders under src/checks.
import { readdirSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Every check's folder as `{ family, id }`, sorted: `src/checks/<family>/<id>/index.ts`. */
export function checksOnDisk() {
  const checks = join(root, 'src/checks');
  const folders = path =>
    readdirSync(path, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name)
      .sort();
  return folders(checks).flatMap(family =>
    folders(join(checks, family))
      .filter(id => existsSync(join(checks, family, id, 'index.ts')))
      .map(id => ({ family, id })),
  );
}
