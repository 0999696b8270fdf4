import type { EntryRun } from '../../paths.ts';
import type { EntryAdapter } from '../adapter.ts';
import { Frame, type Machine } from '../../machine.ts';
import { moduleFrame } from '../../expressions.ts';
import { ownToolsOf, runOwnTool } from '../../library/own-tools.ts';
import { undefinedValue } from '../../value.ts';

/**
 * Tools of the app's own registry that nothing was seen to look up: they are run by themselves, with arguments that a model
 * chose, for somebody who is signed in.
 */
export const ownTools: EntryAdapter = { find: machine => [{ turn: 'last', run: () => runLeft(machine) }] };

function runLeft(machine: Machine): readonly EntryRun[] {
  return ownToolsOf(machine).flatMap(tool => {
    if (machine.interpreted.has(tool.code)) return [];
    const frame = new Frame(tool.module, undefined, moduleFrame(machine, tool.module), undefinedValue);
    const place = machine.place(frame, tool.at);
    frame.learn([{ holds: { kind: 'signed-in' }, place, label: 'whoever may use the model' }]);
    runOwnTool({ machine, frame, arguments: [], at: tool.at, end: tool.at }, tool, []);
    const entryPoint = { kind: 'tool', name: 'own tools', file: place.file, line: place.line, symbol: '' } as const;
    return [{ entryPoint, effects: frame.effects, results: [], facts: [] }];
  });
}
