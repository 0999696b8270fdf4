import { objectName, type Cell, type HelperFault } from '../core/cell.ts';
import { groupBy } from '../core/group.ts';
import { compareText } from '../core/place.ts';
import type { RulesCause } from '../core/rules.ts';
import type { DatabaseModel } from '../model/database/types.ts';

/** The functions at fault for leaks, those first on which most rests. */
export function causesOf(cells: readonly Cell[], database: DatabaseModel): readonly RulesCause[] {
  const leaking = cells.flatMap(cell => {
    const helper = soleHelper(cell);
    return helper === undefined ? [] : [{ cell, helper }];
  });
  const causes = [...groupBy(leaking, ({ helper }) => helper.function)].map(([name, group]): RulesCause => {
    const place = database.functions.find(({ signature }) => signature === name)?.definedAt;
    return {
      function: name,
      fault: group[0]?.helper.fault ?? 'says-yes',
      objects: new Set(group.map(({ cell }) => `${objectName(cell)} ${cell.bucket ?? ''}`)).size,
      cells: group.length,
      ...(place === undefined ? {} : { file: place.file, line: place.line }),
    };
  });
  return causes.toSorted((left, right) => right.cells - left.cells || compareText(left.function, right.function));
}

/** The helper whose repair isolates the cell: no policy beside is open for another reason. */
function soleHelper({ helper, alsoOpen = [] }: Cell): HelperFault | undefined {
  return helper !== undefined && alsoOpen.every(open => open.helper?.function === helper.function) ? helper : undefined;
}
