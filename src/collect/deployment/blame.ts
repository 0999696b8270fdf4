import { execa } from 'execa';
import type { Place } from '../../core/place.ts';

/** The commit that last changed a line. */
export interface LineCommit {
  readonly commit: string;
  readonly subject: string;
  readonly author: string;
  /** ISO date, without time. */
  readonly date: string;
}

/** The commit of each place, in the order given; absent outside git, for uncommitted lines and without git. Reads only. */
export async function blame(root: string, places: readonly Place[]): Promise<readonly (LineCommit | undefined)[]> {
  if (!(await isRepository(root))) return places.map(() => undefined);
  return Promise.all(places.map(place => blameLine(root, place)));
}

async function isRepository(root: string): Promise<boolean> {
  const answer = await execa('git', ['rev-parse', '--is-inside-work-tree'], { cwd: root, reject: false });
  return answer.exitCode === 0;
}

async function blameLine(root: string, { file, line }: Place): Promise<LineCommit | undefined> {
  const answer = await execa('git', ['blame', '--porcelain', '-L', `${line},${line}`, '--', file], {
    cwd: root,
    reject: false,
  });
  if (answer.exitCode !== 0) return undefined;
  const lines = answer.stdout.split('\n');
  const commit = lines[0]?.split(' ')[0] ?? '';
  if (/^0*$/.test(commit)) return undefined;
  const field = (name: string): string =>
    lines.find(entry => entry.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  const date = new Date(Number(field('author-time')) * 1000).toISOString().slice(0, 10);
  return { commit: commit.slice(0, 9), subject: field('summary'), author: field('author'), date };
}
