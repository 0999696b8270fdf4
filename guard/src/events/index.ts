/** What the guard decided, told to where you look. */
export { consoleSink } from './console-sink.ts';
export type { EventSink, EventType, GuardEvent } from './event.ts';
export { guardEvents } from './guard-events.ts';
export type { GuardEvents, GuardEventsOptions } from './guard-events.ts';
export { idHasher } from './hash.ts';
export type { IdHash, IdHashOptions } from './hash.ts';
export { eventsMigration } from './migration.ts';
export { otelSink } from './otel-sink.ts';
export type { OtelSinkOptions } from './otel-sink.ts';
export { pinoSink } from './pino-sink.ts';
export type { PinoLogger } from './pino-sink.ts';
export { postgresSink } from './postgres-sink.ts';
export type { SinkCounts } from './pump.ts';
