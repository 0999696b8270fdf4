import type { Observe, ObserveInput } from '../events.ts';
import type { Observation } from '../types.ts';
import { observeCacheControl } from './cache-control.ts';
import { observeCaches } from './caches.ts';
import { observeClientDrivers, observeClientSecrets } from './client-secrets.ts';
import { observeEntryGuards } from './entry-guards.ts';
import { observeExistence } from './existence.ts';
import { observeGiven, observeSessionSettings } from './given.ts';
import { observeOutputs } from './outputs.ts';
import { observeServiceCalls } from './service-calls.ts';
import { observeStaticRendering } from './static-rendering.ts';
import { observeWebhooks } from './webhooks.ts';

const observers: readonly ((input: ObserveInput) => readonly Observation[])[] = [
  observeCaches,
  observeCacheControl,
  observeStaticRendering,
  observeClientSecrets,
  observeClientDrivers,
  observeGiven,
  observeSessionSettings,
  observeWebhooks,
  observeServiceCalls,
  observeExistence,
  observeOutputs,
  observeEntryGuards,
];

/** Everything beside queries that a check judges, read off the events and modules of the app. */
export const observe: Observe = input => ({
  observations: distinct(observers.flatMap(observer => observer(input))),
  gaps: [],
});

/** One path is often walked in several contexts that tell the same. */
function distinct(observations: readonly Observation[]): readonly Observation[] {
  return [...new Map(observations.map(seen => [JSON.stringify(seen), seen])).values()];
}
