// Lets Node run the twin's modules as they are: aliases, TypeScript, a session that the harness sets, and the switches.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from './typescript.mjs';
import { withSwitches } from './mutate.mjs';

let twin = '';
let port;
let next = 1;

export function initialize(data) {
  ({ twin, port } = data);
}

const stubs = new URL('./stubs.mjs', import.meta.url).href;
const plain = new URL('./plain-pool.mjs', import.meta.url).href;
const stubbed = new Set([
  'server-only',
  'next/headers',
  'next/headers.js',
  'next/cache',
  'next/navigation',
  'better-auth/node',
  'next/link',
]);

export async function resolve(specifier, context, forward) {
  if (stubbed.has(specifier)) return { url: stubs, shortCircuit: true };
  if (specifier === '../guard' && process.env['WITHOUT_GUARD']) return { url: plain, shortCircuit: true };
  const inside = context.parentURL?.startsWith('file:') && fileURLToPath(context.parentURL).startsWith(`${twin}/`);
  if (!inside) return forward(specifier, context);
  if (specifier === 'next/server') return forward('next/server.js', context);
  if (specifier.startsWith('@/') || specifier.startsWith('.')) {
    const base = specifier.startsWith('@/')
      ? join(twin, specifier.slice(2))
      : join(dirname(fileURLToPath(context.parentURL)), specifier);
    if (/\/lib\/(?:auth|stripe)$/.test(base)) return { url: stubs, shortCircuit: true };
    const file = [base, `${base}.ts`, `${base}.tsx`, join(base, 'index.ts')].find(
      each => existsSync(each) && statSync(each).isFile(),
    );
    if (file === undefined) throw new Error(`Cannot find ${specifier} from ${context.parentURL}`);
    return { url: pathToFileURL(file).href, shortCircuit: true };
  }
  return forward(specifier, context);
}

export async function load(url, context, forward) {
  if (!/\.tsx?$/.test(url) || !url.startsWith(pathToFileURL(twin).href)) return forward(url, context);
  const path = fileURLToPath(url);
  const name = relative(twin, path);
  const { text, mutants } = withSwitches(readFileSync(path, 'utf8'), name, next);
  next += mutants.length;
  port.postMessage(mutants);
  const { outputText } = ts.transpileModule(text, {
    fileName: path,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, jsx: ts.JsxEmit.ReactJSX },
  });
  return { format: 'module', source: outputText, shortCircuit: true };
}
