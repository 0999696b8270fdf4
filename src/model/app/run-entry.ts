import { callValue, clientArguments, interpretInline } from './calls.ts';
import { awaitValue, exportValue, moduleFrame } from './expressions.ts';
import type { Entry } from './entry-points.ts';
import { commonFacts, weaken } from './facts.ts';
import { platformRequest, responderValue } from './library/requests.ts';
import { Frame, type FunctionClosure, type Machine } from './machine.ts';
import { alternativesOf, isBottom } from './operations.ts';
import type { EntryRun } from './paths.ts';
import type { Fact } from './types.ts';
import { objectOf, present, undefinedValue, type Alternative, type Value } from './value.ts';

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
    const value = interpretInline(machine, frame, entry.code, clientArguments(entry.code.parameters));
    results.push({ value, facts: frame.facts });
  }
  for (const { value } of callee === undefined ? [] : alternativesOf(callee)) {
    if (value.kind !== 'function' && value.kind !== 'native') continue;
    noteSources(machine, frame, entry);
    const before = frame.save();
    const returned = callValue(machine, frame, value, argumentsOf(machine, entry, value), { at: 0, end: 0 });
    const result = frame.dead || isBottom(returned) ? undefined : awaitValue(machine, frame, returned, 0);
    if (result !== undefined && !frame.dead) {
      for (const alternative of alternativesOf(result))
        results.push({ value: alternative.value, facts: [...frame.facts, ...alternative.facts] });
    }
    const { facts } = frame;
    frame.restore(before);
    frame.facts = weak;
    void facts;
  }
  // The step into the entry point itself says nothing.
  const effects = frame.effects.map(effect => (effect.kind === 'call' ? { ...effect, step: undefined } : effect));
  return { entryPoint, effects, results, facts: weak, normalFacts: commonFacts(results.map(result => result.facts)) };
}

function noteSources(machine: Machine, frame: Frame, entry: Entry): void {
  const place = { file: entry.entryPoint.file, line: entry.entryPoint.line };
  for (const name of entry.parameters)
    frame.effects.push({
      kind: 'source',
      term: { kind: 'client', path: `params.${name.replace('...', '')}` },
      place,
      code: '',
    });
  void machine;
}

function parametersValue(entry: Entry): Value {
  const fields: Record<string, Value> = {};
  for (const name of entry.parameters) {
    const plain = name.replace('...', '');
    fields[plain] = present({ kind: 'client', path: `params.${plain}` });
  }
  return { kind: 'promise', value: objectOf(fields), facts: [] };
}

function argumentsOf(machine: Machine, entry: Entry, callee: Value): readonly Value[] {
  const { entryPoint } = entry;
  switch (entryPoint.kind) {
    case 'route-handler':
    case 'webhook':
    case 'cron':
      return [platformRequest(entryPoint.method), objectOf({ params: parametersValue(entry) })];
    case 'page':
    case 'metadata':
      return [
        objectOf({
          params: parametersValue(entry),
          searchParams: { kind: 'promise', value: present({ kind: 'client', path: 'query' }), facts: [] },
        }),
        parentMetadata,
      ];
    case 'layout':
      return [objectOf({ params: parametersValue(entry), children: undefinedValue })];
    case 'static-params':
      return [objectOf({ params: objectOf({}) })];
    case 'api-route':
      return [platformRequest(undefined, entry.parameters), responderValue(machine)];
    case 'proxy':
      return [platformRequest(undefined), objectOf({})];
    case 'server-action':
    case 'procedure':
    case 'job':
    case 'tool':
      if (callee.kind === 'function') return clientArguments((callee.closure as FunctionClosure).code.parameters);
      return [{ kind: 'term', term: { kind: 'client', path: 'input' }, maybeUndefined: true }];
  }
}

const parentMetadata: Value = { kind: 'external', library: 'next', path: 'parent', arguments: [] };
