import { callValue, interpretInline } from '../../calls.ts';
import { awaitValue, exportValue, moduleFrame } from '../../expressions.ts';
import { commonFacts, weaken } from '../../facts.ts';
import { Frame, type Machine } from '../../machine.ts';
import { alternativesOf, isBottom } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import type { Fact } from '../../types.ts';
import { undefinedValue, type Alternative } from '../../value.ts';
import type { Entry } from './entry.ts';

/** Runs one entry point with everything that a caller can choose. */
export function runEntry(
  machine: Machine,
  entry: Entry,
  layoutFacts: readonly Fact[],
): EntryRun & { readonly normalFacts: readonly Fact[] } {
  const { entryPoint, module } = entry;
  const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
  machine.setStores(new Map());
  const weak = weaken(layoutFacts, 'layout-only');
  frame.facts = weak;
  // A page of a 'use client' file runs in the browser: it reaches the server by requests and actions only.
  const callee =
    entry.symbol === undefined || module.directive === 'use client'
      ? undefined
      : exportValue(machine, module, entry.symbol);
  const results: Alternative[] = [];
  if (entry.code !== undefined) {
    const value = interpretInline(machine, frame, entry.code, entry.given(machine, undefinedValue));
    results.push({ value, facts: frame.facts });
  }
  for (const { value } of callee === undefined ? [] : alternativesOf(callee)) {
    if (value.kind !== 'function' && value.kind !== 'native') continue;
    noteSources(frame, entry);
    const before = frame.save();
    const returned = callValue(machine, frame, value, entry.given(machine, value), { at: 0, end: 0 });
    const result = frame.dead || isBottom(returned) ? undefined : awaitValue(machine, frame, returned, 0);
    if (result !== undefined && !frame.dead) {
      for (const alternative of alternativesOf(result))
        results.push({ value: alternative.value, facts: [...frame.facts, ...alternative.facts] });
    }
    frame.restore(before);
    frame.facts = weak;
  }
  // The step into the entry point itself says nothing.
  const effects = frame.effects.map(effect => (effect.kind === 'call' ? { ...effect, step: undefined } : effect));
  return { entryPoint, effects, results, facts: weak, normalFacts: commonFacts(results.map(result => result.facts)) };
}

function noteSources(frame: Frame, entry: Entry): void {
  const place = { file: entry.entryPoint.file, line: entry.entryPoint.line };
  for (const name of entry.parameters)
    frame.effects.push({
      kind: 'source',
      term: { kind: 'client', path: `params.${name.replace('...', '')}` },
      place,
      code: '',
    });
}
