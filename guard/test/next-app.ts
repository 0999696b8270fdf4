import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const repository = resolve(here, '../..');
const run = promisify(execFile);

/** A folder with another Next.js and React installed in it, to build with instead of the repository's. */
const other = process.env['DRYDOCK_NEXT'];
const nextPackage = createRequire(other === undefined ? import.meta.url : resolve(other, 'package.json')).resolve(
  'next/package.json',
);

/** A built app of Next.js that is running. */
export interface NextApp {
  readonly url: string;
  /** The id of a server action by its name, of this build. */
  actionId(name: string): string;
  stop(): Promise<void>;
}

/** Builds the fixture with the package as it would be published, and starts it on loopback. */
export async function startNextApp(fixture: string, environment: Readonly<Record<string, string>>): Promise<NextApp> {
  const folder = appFolder(fixture);
  await installGuard(folder);
  if (other !== undefined) linkNext(folder, resolve(other));
  const next = join(dirname(nextPackage), 'dist/bin/next');
  const env = {
    ...process.env,
    ...environment,
    NODE_ENV: 'production' as const,
    APP_ROOT: commonFolder(realpathSync(folder), realpathSync(next)),
    NEXT_TELEMETRY_DISABLED: '1',
  };
  await run(process.execPath, [next, 'build'], { cwd: folder, env });
  const port = await freePort();
  const server = spawn(process.execPath, [next, 'start', '-H', '127.0.0.1', '-p', String(port)], { cwd: folder, env });
  await ready(server);
  return {
    url: `http://127.0.0.1:${port}`,
    actionId: name => actionIdOf(folder, name),
    stop: async () => {
      const ended = new Promise(done => server.once('exit', done));
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Inside of the repository, so that the app finds its libraries where a workspace has them. */
function appFolder(fixture: string): string {
  const parent = join(repository, '.drydock');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'next-app-'));
  cpSync(join(here, 'fixtures', fixture), folder, { recursive: true });
  return folder;
}

async function installGuard(folder: string): Promise<void> {
  const target = join(folder, 'node_modules/@drydock/guard');
  mkdirSync(target, { recursive: true });
  cpSync(join(repository, 'guard/package.json'), join(target, 'package.json'));
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const options = [
    '-p',
    join(repository, 'guard/tsconfig.build.json'),
    '--outDir',
    join(target, 'dist'),
    '--declaration',
    'false',
  ];
  await run(process.execPath, [tsc, ...options]);
}

/** The app's own, so that nothing finds those of the repository above it. */
function linkNext(folder: string, from: string): void {
  for (const name of ['next', 'react', 'react-dom'])
    symlinkSync(join(from, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
}

/** Turbopack reads no file outside of its root: https://nextjs.org/docs/app/api-reference/config/next-config-js/turbopack#root-directory */
function commonFolder(left: string, right: string): string {
  const parts = left.split(sep);
  let folder = left;
  while (relative(folder, right).startsWith('..')) {
    parts.pop();
    folder = parts.join(sep) || sep;
  }
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise(done => server.close(done));
  return port;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let said = '';
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes('Ready in')) done();
    };
    server.stdout?.on('data', listen);
    server.stderr?.on('data', listen);
    server.once('exit', () => fail(new Error(`The app ended: ${said}`)));
  });
}

function actionIdOf(folder: string, name: string): string {
  const file = join(folder, '.next/server/server-reference-manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly node: Readonly<Record<string, { readonly exportedName: string }>>;
  };
  const found = Object.entries(manifest.node).find(([, action]) => action.exportedName === name);
  if (found === undefined) throw new Error(`No action '${name}' in the build.`);
  return found[0];
}
