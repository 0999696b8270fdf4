import { once } from '../../core/once.ts';
import type { DatabaseFunction, DatabaseModel } from './types.ts';

/** Functions that call functions that call functions: deeper ones are not followed. */
const maximumDepth = 4;

/** Functions that a text calls, then those that these call: the deeper, the later. */
export function functionsBehind(text: string, database: DatabaseModel): readonly DatabaseFunction[] {
  const known = functionsFound(database);
  const before = known.get(text);
  if (before !== undefined) return before;
  const found = findFunctionsBehind(text, database);
  known.set(text, found);
  return found;
}

/** The same conditions and bodies are asked about for each session and command. */
const functionsFound = once<DatabaseModel, Map<string, readonly DatabaseFunction[]>>(() => new Map());

function findFunctionsBehind(text: string, database: DatabaseModel): readonly DatabaseFunction[] {
  const called: DatabaseFunction[] = [];
  let latest = text;
  for (let depth = 0; depth < maximumDepth && latest !== ''; depth++) {
    const fresh = database.functions.filter(
      definition => !called.includes(definition) && isCalled(definition.name, latest),
    );
    called.push(...fresh);
    latest = fresh.map(({ body }) => body).join('\n');
  }
  return called;
}

function isCalled(name: string, text: string): boolean {
  const plain = name.slice(name.lastIndexOf('.') + 1);
  return text.includes(`${plain}(`) || text.includes(`${plain}"(`);
}
