import type { EventSink } from './event.ts';

/** What is used of a logger of pino. */
export interface PinoLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Events as lines of your own pino logger: what was denied as `warn`, everything else as `info`.
 *
 * @example
 * guardEvents({ sinks: [pinoSink(pino())] });
 */
export function pinoSink(logger: PinoLogger): EventSink {
  const write: EventSink['write'] = events => {
    for (const event of events) {
      const message = `guard ${event.type}: ${event.reason}`;
      if (event.outcome === 'denied') logger.warn({ guard: event }, message);
      else logger.info({ guard: event }, message);
    }
  };
  return { name: 'pino', write, writeAtExit: events => void write(events) };
}
