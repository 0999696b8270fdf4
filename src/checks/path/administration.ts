import type { EntryPoint } from '../../core/path.ts';
import type { Observation } from '../../model/app/types.ts';
import type { CheckInput, JudgedPath } from '../check.ts';

type EntryGuards = Extract<Observation, { kind: 'entry-guards' }>;

/** Words by which apps name the part that is for their own staff, as a segment of a route, a file or a function's name. */
const staffWords = new Set([
  'admin',
  'admins',
  'administration',
  'backoffice',
  'superadmin',
  'superuser',
  'staff',
  'impersonate',
]);

/** Whether the path belongs to the part of the app that is for administrators, while the path asks for no role. */
export function isAdministrative(path: JudgedPath): boolean {
  return path.entryPoint.kind !== 'webhook' && path.principal === 'member' && hasStaffName(path.entryPoint);
}

/** Entry points beside this one, named for staff as well, that ask for a role. */
export function siblingsWithRole(entryPoint: EntryPoint, { app }: CheckInput): readonly EntryGuards[] {
  const guards = (app?.observations ?? []).filter(seen => seen.kind === 'entry-guards');
  return guards.filter(seen => {
    if (seen.roles.length === 0 || seen.entryPoint === entryPoint.name) return false;
    const other = app?.entryPoints.find(candidate => candidate.name === seen.entryPoint);
    return other !== undefined && hasStaffName(other) && hasStaffName(entryPoint);
  });
}

/** The guards that an entry point has itself. */
export function guardsOf(entryPoint: EntryPoint, { app }: CheckInput): EntryGuards | undefined {
  return (app?.observations ?? [])
    .filter(seen => seen.kind === 'entry-guards')
    .find(seen => seen.entryPoint === entryPoint.name);
}

/** Whether the entry point's own name says that it is for administrators. */
export function hasStaffName(entryPoint: EntryPoint): boolean {
  return wordsOf(entryPoint).some(word => staffWords.has(word));
}

function wordsOf(entryPoint: EntryPoint): readonly string[] {
  return `${entryPoint.file}/${entryPoint.route ?? ''}/${entryPoint.symbol}`
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
