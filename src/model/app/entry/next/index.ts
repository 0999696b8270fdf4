import type { EntryPoint } from '../../../../core/path.ts';
import { someEffect, type Effect, type Machine } from '../../machine.ts';
import type { EntryRun } from '../../paths.ts';
import type { Fact } from '../../types.ts';
import type { EntryAdapter, Runnable } from '../adapter.ts';
import { findEntries } from './entries.ts';
import type { Entry } from './entry.ts';
import { runEntry } from './run.ts';

/** What one run of the adapter remembers. */
interface Memory {
  /** What layouts check, by their file. */
  readonly layouts: Map<string, readonly Fact[]>;
  /** Names of what was run here; others were run by what made them. */
  readonly ran: Set<string>;
}

/** Next.js: route handlers, pages with their layouts and metadata, `pages/api`, the proxy, server actions. */
export const next: EntryAdapter = {
  find: machine => {
    const memory: Memory = { layouts: new Map(), ran: new Set() };
    return findEntries(machine.source).map((entry): Runnable => {
      const turn = entry.entryPoint.kind === 'layout' ? 'layout' : entry.code === undefined ? 'file' : 'inline';
      return { turn, run: () => runOnce(machine, entry, memory) };
    });
  },
};

function* runOnce(machine: Machine, entry: Entry, { layouts, ran }: Memory): Generator<EntryRun> {
  const { entryPoint } = entry;
  // A page that made the action ran it with what it captures.
  const wasMade = machine.foundEntries.has(entryPoint.name) && !ran.has(entryPoint.name);
  if (entry.code !== undefined && wasMade) return;
  ran.add(entryPoint.name);
  machine.foundEntries.set(entryPoint.name, entryPoint);
  const above = entryPoint.kind === 'page' ? factsAbove(entry, layouts) : [];
  const run = machine.withinEntry(() => runEntry(machine, entry, above));
  if (entryPoint.kind === 'layout') layouts.set(entryPoint.file, run.normalFacts);
  const kept = refined(entryPoint, run.effects);
  machine.foundEntries.set(kept.name, kept);
  yield { ...run, entryPoint: kept };
}

/** What the layouts above a page check: nothing that guards the page, but worth saying. */
function factsAbove(entry: Entry, layouts: Memory['layouts']): readonly Fact[] {
  const folder = entry.entryPoint.file.slice(0, entry.entryPoint.file.lastIndexOf('/'));
  return [...layouts].flatMap(([file, facts]) => {
    const above = file.slice(0, file.lastIndexOf('/'));
    return folder === above || folder.startsWith(`${above}/`) ? facts : [];
  });
}

const verifies = /constructEvent|Webhook\.verify|^stripeWebhook$/;

/** A handler that verifies events is a webhook wherever it stands. */
function refined(entryPoint: EntryPoint, effects: readonly Effect[]): EntryPoint {
  if (entryPoint.kind !== 'route-handler' && entryPoint.kind !== 'api-route') return entryPoint;
  return someEffect(
    effects,
    effect => effect.kind === 'event' && effect.event.kind === 'call' && verifies.test(effect.event.callee),
  )
    ? { ...entryPoint, kind: 'webhook' }
    : entryPoint;
}
