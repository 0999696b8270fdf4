import type { Attributes, MetricsAPI } from '@opentelemetry/api';
import type { LoggerProvider, LogRecord } from '@opentelemetry/api-logs';
import type { EventSink, GuardEvent } from './event.ts';

/** The two APIs of OpenTelemetry, as your app imports them; either is enough. */
export interface OtelSinkOptions {
  readonly logs?: Pick<LoggerProvider, 'getLogger'>;
  readonly metrics?: Pick<MetricsAPI, 'getMeter'>;
}

/**
 * Events as log records, and as counters and a histogram, of whatever SDK the app has set up.
 *
 * @example
 * guardEvents({ sinks: [otelSink({ logs, metrics })] });
 */
export function otelSink({ logs, metrics }: OtelSinkOptions): EventSink {
  const logger = logs?.getLogger('@drydock/guard');
  const count = metrics === undefined ? undefined : instruments(metrics);
  return {
    name: 'otel',
    write: events => {
      for (const event of events) {
        logger?.emit(toLogRecord(event));
        count?.(event);
      }
    },
  };
}

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const severity = { info: 9, warn: 13 };

function toLogRecord(event: GuardEvent): LogRecord {
  const denied = event.outcome === 'denied';
  return {
    eventName: `drydock.${event.type}`,
    timestamp: event.ts,
    severityNumber: denied ? severity.warn : severity.info,
    severityText: denied ? 'WARN' : 'INFO',
    body: event.reason,
    attributes: attributesOf(event),
  };
}

/** Names of the semantic conventions where they have one: https://opentelemetry.io/docs/specs/semconv/ */
const names: Readonly<Partial<Record<keyof GuardEvent, string>>> = {
  actor: 'user.hash',
  route: 'http.route',
  status: 'http.response.status_code',
  table: 'db.collection.name',
  operation: 'db.operation.name',
  rows: 'db.response.returned_rows',
  build_id: 'service.version',
};

function attributesOf(event: GuardEvent): Attributes {
  const entries = Object.entries(event)
    .filter(([name]) => name !== 'ts' && name !== 'reason')
    .map(([name, value]: [string, unknown]) => [Reflect.get(names, name) ?? `drydock.${name}`, value]);
  return Object.fromEntries(entries) as Attributes;
}

/** Labels are the few words of an event that have few values: each tenant as a label would be a series of its own. */
function instruments(metrics: Pick<MetricsAPI, 'getMeter'>): (event: GuardEvent) => void {
  const meter = metrics.getMeter('@drydock/guard');
  const events = meter.createCounter('drydock.events', { description: 'Decisions of the guard' });
  const foreign = meter.createCounter('drydock.foreign_rows', { description: 'Rows of another tenant that were seen' });
  const dropped = meter.createCounter('drydock.events.dropped', { description: 'Events that a sink did not take' });
  const duration = meter.createHistogram('drydock.duration', { unit: 'ms' });
  return event => {
    if (event.type === 'events_dropped') return dropped.add(event.rows ?? 0);
    const labels = { type: event.type, outcome: event.outcome, actor_kind: event.actor_kind };
    events.add(1 / (event.sample_rate ?? 1), labels);
    if (event.foreign_rows !== undefined) foreign.add(event.foreign_rows, labels);
    if (event.ms !== undefined) duration.record(event.ms, labels);
  };
}
