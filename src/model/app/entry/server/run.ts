import type { EntryPoint } from '../../../../core/path.ts';
import { moduleFrame } from '../../expressions.ts';
import { Frame, type Call, type Machine } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import { undefinedValue, type Value } from '../../value.ts';
import { distinctName, runFound } from '../found.ts';
import { kindOfRoute, rootServers, routesOf, type Route } from './registry.ts';

/** What a run of a route's stages showed. */
export interface StageRun {
  readonly value: Value;
  /** The last stage handed on: it runs before others and answers nothing itself. */
  readonly handsOn: boolean;
}

/** Runs the stages of a route in order; `id` is a text for the route and the method. */
export type RunStages = (call: Call, route: Route, method: string | undefined, id: string) => StageRun;

/** Runs every route of the servers of a framework, each as an entry point of its own. */
export function runServers(machine: Machine, framework: string, run: RunStages): readonly EntryRun[] {
  return rootServers(machine, framework).flatMap((registry, index) => {
    const module = machine.source.module(registry.file);
    if (module === undefined) return [];
    const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
    const call: Call = { machine, frame, arguments: [], at: 0, end: 0 };
    for (const [position, route] of routesOf(machine, registry).entries()) {
      for (const method of route.methods ?? [undefined]) {
        const entry = routeEntry(route, method);
        const entryPoint = { ...entry, name: distinctName(machine, entry.name, route.place) };
        const id = `${index}.${position} ${method ?? ''}`;
        if (!route.isBefore) runFound(call, entryPoint, inner => run(inner, route, method, id).value);
        else runIfAnswers(call, entryPoint, inner => run(inner, route, method, id));
      }
    }
    const entryPoint = { kind: 'route-handler', name: framework, file: registry.file, line: 1, symbol: '' } as const;
    return [{ entryPoint, effects: frame.effects, results: [], facts: [] }];
  });
}

/** The entry point that a route is. */
function routeEntry(route: Route, method: string | undefined): EntryPoint {
  const name = `${method ?? 'ANY'} ${route.path}`;
  const entry = { kind: kindOfRoute(route.path), name, ...route.place, symbol: name, route: route.path };
  return method === undefined ? entry : { ...entry, method };
}

/** What runs before others is an entry point only when it answers by itself (a mounted router, a proxy). */
function runIfAnswers(call: Call, entryPoint: EntryPoint, run: (call: Call) => StageRun): void {
  const { machine, frame } = call;
  const outer = frame.effects;
  const known = machine.foundEntries.get(entryPoint.name);
  const seen = { handsOn: true };
  frame.effects = [...outer];
  runFound(call, entryPoint, inner => {
    const result = run(inner);
    seen.handsOn = result.handsOn;
    return result.value;
  });
  if (!seen.handsOn) return;
  frame.effects = outer;
  if (known === undefined) machine.foundEntries.delete(entryPoint.name);
}

/** Runs the rest of a chain from inside one of its stages: stages that one function made are no recursion of it. */
export function asOwnCall<T>(machine: Machine, work: () => T): T {
  const outer = machine.active.splice(0);
  const result = work();
  machine.active.splice(0, machine.active.length, ...outer);
  return result;
}

/** What a stage returns goes to the caller. */
export function answered(call: Call, value: Value): void {
  const { machine, frame, at, end } = call;
  if (value.kind === 'constant' && value.value === undefined) return;
  const place = value.kind === 'response' ? value.place : machine.place(frame, at, end);
  machine.emit(frame, { kind: 'return', value, place });
}

const mostAlternatives = 3;

/** Runs the rest for each way in which earlier stages may have left the request, with what holds on that way. */
export function eachRequest(frame: Frame, request: Value, run: (request: Value) => void): void {
  const alternatives = alternativesOf(request);
  if (alternatives.length === 1 || alternatives.length > mostAlternatives) {
    run(request);
    return;
  }
  const before = frame.save();
  for (const { value, facts } of alternatives) {
    frame.restore(before);
    frame.learn(facts);
    run(value);
  }
  frame.restore(before);
}
