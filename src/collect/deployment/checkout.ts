import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

import { DrydockError } from '../../core/error.ts';

/** The files of a commit in a folder of their own; `remove` takes it away. The repository is only read. */
export interface Checkout {
  /** Where the folder that was asked for lies in it. */
  readonly root: string;
  readonly remove: () => void;
}

/** Writes the files of a commit, as far as git has them, into a temporary folder. */
export async function checkOut(root: string, reference: string): Promise<Checkout> {
  const top = await ask(root, ['rev-parse', '--show-toplevel']);
  const prefix = await ask(root, ['rev-parse', '--show-prefix']);
  if (top === undefined || prefix === undefined)
    throw new DrydockError('usage', `'${root}' is in no git repository, so there is nothing to compare with.`);
  const commit = await ask(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${reference}^{commit}`]);
  if (commit === undefined)
    throw new DrydockError('usage', `There is no commit '${reference}' in the repository of '${root}'.`, {
      next: 'Name a branch, a tag or a commit that git knows here; a shallow checkout has only the last one.',
    });
  const folder = mkdtempSync(join(tmpdir(), 'drydock-since-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const archive = join(folder, 'files.tar');
  const written = await execa('git', ['archive', '--format=tar', `--output=${archive}`, commit], {
    cwd: top,
    reject: false,
  });
  const unpacked =
    written.exitCode === 0 ? await execa('tar', ['-xf', 'files.tar'], { cwd: folder, reject: false }) : written;
  if (unpacked.exitCode !== 0) {
    remove();
    throw new DrydockError('usage', `The files of '${reference}' could not be written: ${unpacked.stderr}.`);
  }
  rmSync(archive, { force: true });
  return { root: join(folder, prefix), remove };
}

async function ask(cwd: string, parameters: readonly string[]): Promise<string | undefined> {
  const answer = await execa('git', parameters, { cwd, reject: false });
  return answer.exitCode === 0 ? answer.stdout.trim() : undefined;
}
