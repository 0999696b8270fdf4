/** A place in the target, relative to its root, with `/`. Lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly endLine?: number;
}

/** `file:line`, as editors and terminals understand it; what was read from a live database stands in no file. */
export function formatPlace(place: Place): string {
  return place.file === '' ? 'the database itself' : `${place.file}:${place.line}`;
}

/** Orders places by file, then line. */
export function comparePlaces(left: Place, right: Place): number {
  return compareText(left.file, right.file) || left.line - right.line;
}

/** Orders texts by code unit, the same on every machine (no locale). */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
