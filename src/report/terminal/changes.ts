import { groupBy } from '../../core/group.ts';
import { formatPlace } from '../../core/place.ts';
import type { Change, RulesDiff } from '../../core/rules.ts';
import { changeHeading, changeSign, changesSentence, orderedDirections } from '../changes.ts';
import { hanging, type Pen, paragraph, plain, verdictSentence } from './pen.ts';
import { clean } from './text.ts';

/** What differs from a commit, worse first, the changes of one object together. */
export function changeLines(pen: Pen, diff: RulesDiff, all: boolean): readonly string[] {
  const worse = diff.changes.filter(change => change.direction === 'worse').length;
  return [
    ...verdictSentence(pen, clean(changesSentence(diff)), worse === 0),
    '',
    ...orderedDirections.flatMap(direction =>
      directionLines(
        pen,
        direction,
        diff.changes.filter(change => change.direction === direction),
        all,
      ),
    ),
  ];
}

const most = 20;

function directionLines(
  pen: Pen,
  direction: Change['direction'],
  changes: readonly Change[],
  all: boolean,
): readonly string[] {
  if (changes.length === 0) return [];
  // What got worse is never left out.
  const shown = all || direction === 'worse' ? changes : changes.slice(0, most);
  const paint = direction === 'worse' ? pen.warm : direction === 'better' ? pen.cool : pen.quiet;
  return [
    pen.strong(`  ${changeHeading(direction)}`),
    ...[...groupBy(shown, change => change.object)].flatMap(([object, own]) => [
      `  ${pen.strong(clean(object))}`,
      ...own.flatMap(change => [
        ...hanging(pen, changeSign(direction), clean(change.words), 4, direction === 'changed' ? plain : paint),
        ...(change.file === undefined || change.line === undefined
          ? []
          : paragraph(pen, clean(formatPlace({ file: change.file, line: change.line })), 6, pen.quiet)),
      ]),
    ]),
    ...(shown.length < changes.length ? [pen.quiet(`     … ${changes.length - shown.length} more: --all`)] : []),
    '',
  ];
}
