import MagicString from 'magic-string';
import type { Edit } from '../core/fix.ts';
import { sameEdit } from './source/edit-set.ts';
import type { FixEdit } from './source/edit-set.ts';

/** Whether two fixes can be made together: no edit of one touches a place that the other changes in another way. */
export function areCompatible(left: readonly FixEdit[], right: readonly FixEdit[]): boolean {
  return !left.some(one => right.some(other => conflicts(one, other)));
}

/** The text with the edits made; shared edits that several fixes ask for are made once. */
export function applyEdits(file: string, text: string, edits: readonly FixEdit[]): string {
  const result = new MagicString(text);
  for (const edit of inOrder(withoutRepeats(edits.filter(each => each.file === file)))) {
    if (edit.start === edit.end) result.appendLeft(edit.start, edit.text);
    else if (edit.text === '') result.remove(edit.start, edit.end);
    else result.update(edit.start, edit.end, edit.text);
  }
  return result.toString();
}

function withoutRepeats(edits: readonly FixEdit[]): readonly FixEdit[] {
  return edits.filter(
    (edit, index) => edit.shared !== true || !edits.slice(0, index).some(other => sameEdit(other, edit)),
  );
}

const namedImport = /^(\n?)import \{ (.*) \} from (.*)$/s;

// Names that several fixes import at one place stand in order, and come from one statement.
function inOrder(edits: readonly FixEdit[]): readonly FixEdit[] {
  const merged: FixEdit[] = [];
  for (const edit of edits) {
    const own = edit.shared === true ? namedImport.exec(edit.text.trimEnd()) : null;
    const index =
      own === null
        ? -1
        : merged.findIndex(
            other =>
              other.start === edit.start &&
              other.shared === true &&
              namedImport.exec(other.text.trimEnd())?.[3] === own[3],
          );
    const known = merged[index];
    const names = known === undefined ? undefined : namedImport.exec(known.text.trimEnd())?.[2];
    if (own === null || known === undefined || names === undefined) merged.push(edit);
    else
      merged[index] = {
        ...known,
        text: known.text.replace(`{ ${names} }`, `{ ${[...names.split(', '), own[2] ?? ''].sort().join(', ')} }`),
      };
  }
  const isName = (edit: FixEdit) =>
    edit.shared === true && edit.start === edit.end && /^(?:, )?\w+(?:, )?$/.test(edit.text);
  return merged.toSorted((left, right) =>
    left.start === right.start && isName(left) && isName(right) ? left.text.localeCompare(right.text, 'en') : 0,
  );
}

function conflicts(one: FixEdit, other: FixEdit): boolean {
  if (one.file !== other.file) return false;
  if (one.shared === true && other.shared === true)
    return isReplacement(one) && overlaps(one, other) && !sameEdit(one, other);
  return overlaps(one, other);
}

function isReplacement(edit: Edit): boolean {
  return edit.start !== edit.end;
}

// Touching counts: two insertions at one offset, or one at the border of a replacement, have no order of their own.
function overlaps(one: Edit, other: Edit): boolean {
  return one.start <= other.end && other.start <= one.end;
}
