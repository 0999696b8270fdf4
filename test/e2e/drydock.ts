import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What a run of the built command left behind. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `node bin/drydock.js` as a user would; `interruptAfter` sends Ctrl-C once that text was seen on stderr. */
export function drydock(
  parameters: readonly string[],
  options: { readonly cwd?: string; readonly interruptAfter?: string } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'bin/drydock.js'), ...parameters], {
      cwd: options.cwd ?? root,
      env: { ...process.env, NO_COLOR: '1' },
    });
    let stdout = '';
    let stderr = '';
    let interrupted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (options.interruptAfter !== undefined && !interrupted && stderr.includes(options.interruptAfter)) {
        interrupted = true;
        child.kill('SIGINT');
      }
    });
    child.on('error', reject);
    child.on('close', code => {
      resolve({ code, stdout, stderr });
    });
  });
}

/** A folder with the files given, removed by `dispose`. */
export function folderWith(files: Readonly<Record<string, string>>): {
  readonly path: string;
  readonly dispose: () => void;
} {
  const path = mkdtempSync(join(tmpdir(), 'drydock-test-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

/** A copy of an example without what was built or installed. */
export function copyOfExample(name: string): { readonly path: string; readonly dispose: () => void } {
  const path = mkdtempSync(join(tmpdir(), `drydock-${name}-`));
  const left = new Set(['node_modules', '.next', '.drydock', '.git']);
  cpSync(join(root, 'examples', name), path, {
    recursive: true,
    filter: source => !left.has(source.split('/').at(-1) ?? ''),
  });
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

/** Every file below a folder with its text, to see that nothing was touched. */
export function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !file.includes('/.drydock/') && !file.includes('/node_modules/'))
    .toSorted();
}
