import type { ObserveInput } from '../events.ts';
import type { Observation } from '../types.ts';

type GivenPart = Extract<Observation, { kind: 'given-part' }>;
type SessionSetting = Extract<Observation, { kind: 'session-setting' }>;

/** Parts of queries that are what the caller sent; a verified sender may say what it likes. */
export function observeGiven({ events }: ObserveInput): readonly GivenPart[] {
  return events.flatMap(event =>
    event.kind !== 'given' || event.facts.some(fact => fact.holds.kind === 'system' && fact.weakness === undefined)
      ? []
      : [
          {
            kind: 'given-part',
            place: event.place,
            part: event.part,
            table: event.table,
            value: event.term,
            entryPoint: event.entryPoint.name,
          } as const,
        ],
  );
}

/** Settings of the app's own that the next request on the same connection finds; a constant is everybody's. */
export function observeSessionSettings({ events }: ObserveInput): readonly SessionSetting[] {
  return events.flatMap(event =>
    event.kind !== 'session-setting' || event.value.kind === 'constant' || !event.name.includes('.')
      ? []
      : [
          {
            kind: 'session-setting',
            place: event.place,
            name: event.name,
            value: event.value,
            entryPoint: event.entryPoint.name,
          } as const,
        ],
  );
}
