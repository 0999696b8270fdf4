#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// A run is over in seconds, on the cores that Postgres needs too: code is not worth compiling a second time, better, after
// it ran for a little while. WebAssembly, in which SQL is parsed and z3 proves, never is; JavaScript is so later. V8 prints
// an error for a flag that it does not know.
const major = Number.parseInt(process.versions.node);
if (major <= 24) {
  setFlagsFromString('--no-wasm-dynamic-tiering');
  setFlagsFromString('--no-wasm-tier-up');
}
if (major < 22) setFlagsFromString('--interrupt-budget=300000');

const built = new URL('../dist/bundle/cli.js', import.meta.url);
if (existsSync(fileURLToPath(built))) {
  await import(built.href);
} else {
  process.stderr.write('Drydock is not built yet.\nRun this once in its folder: npm install\n');
  process.exitCode = 2;
}
