// Joins the built modules of the command line into a few files in dist/bundle: Node starts these sooner than some
// 340 modules. What npm installs stays outside of them. Files lie one folder below dist, as modules do, so that what is
// found relative to a module is found from there.
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist');
const folder = join(dist, 'bundle');

const bundle = await rolldown({
  input: { cli: join(dist, 'cli.js'), 'solver-thread': join(dist, 'prove/proof/solver-thread.js') },
  platform: 'node',
  external: /^[^./]/,
});
rmSync(folder, { recursive: true, force: true });
await bundle.write({ dir: folder, format: 'esm' });
await bundle.close();
