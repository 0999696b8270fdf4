// The TypeScript that harbor has: it still comes with an API.
import { createRequire } from 'node:module';

export default createRequire(new URL('../../../examples/harbor/package.json', import.meta.url))('typescript');
