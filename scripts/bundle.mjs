// Joins the built modules of the command line into a few files in dist/bundle: Node starts these sooner than some
// 340 modules. What npm installs stays outside of them. Files lie one folder below dist, as modules do, so that what is
// found relative to a module is found from there.
import { readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const folder = join(dist, 'bundle');

const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const installed = Object.keys({ ...dependencies, ...optionalDependencies });
const isInstalled = id => isBuiltin(id) || installed.some(name => id === name || id.startsWith(`${name}/`));

const bundle = await rolldown({
  input: { cli: join(dist, 'cli.js'), 'solver-thread': join(dist, 'prove/proof/solver-thread.js') },
  platform: 'node',
  external: isInstalled,
  onLog: (_, { message }) => {
    throw new Error(message); // such as an import of what nothing installs
  },
});
rmSync(folder, { recursive: true, force: true });
await bundle.write({ dir: folder, format: 'esm' });
await bundle.close();
