import { eventsMigration } from './events/migration.ts';
import { freezeMigration } from './freeze/migration.ts';
import { limitsMigration } from './limits/migration.ts';
import type { GuardSql } from './sql/guard-sql.ts';
import { role } from './sql/roles.ts';
import { stripeMigration } from './stripe/migration.ts';

/** The parts of the guard that keep something in the app's Postgres. */
export const partNames = ['stripe', 'events', 'freeze', 'limits'] as const;

/** One of them. */
export type PartName = (typeof partNames)[number];

interface Part {
  readonly up: string;
  readonly down: string;
  readonly roles: readonly string[];
  /** The connection that its pool needs, and what to write. */
  readonly address: string;
  readonly next: string;
}

const lookup = { roles: ['app_lookup'], address: 'LOOKUP_DATABASE_URL=postgres://app_lookup:@127.0.0.1:5432/app' };

const parts: Readonly<Record<PartName, Part>> = {
  stripe: {
    ...lookup,
    up: stripeMigration({ app: 'app', lookup: 'app_lookup' }),
    down: `drop function if exists drydock.tenant_of_stripe_customer(text, text, boolean);
drop function if exists drydock.claim_stripe_event(text, text, text, boolean, text, timestamptz, text, text);
drop function if exists drydock.stripe_object_fetched(text);
drop table if exists drydock.stripe_customer, drydock.stripe_event, drydock.stripe_object;`,
    next: 'Stripe: stripeWebhook({ …, lookup: rolePool(process.env.LOOKUP_DATABASE_URL, 2) }) (in pages/api with forPagesApi around it), checkoutFor and portalFor of @drydock/guard/stripe.',
  },
  events: {
    up: eventsMigration({ writer: 'app_events' }),
    down: `drop function if exists drydock.make_event_partitions();
drop function if exists drydock.drop_event_partitions(int);
drop table if exists drydock.event;`,
    roles: ['app_events'],
    address: 'EVENTS_DATABASE_URL=postgres://app_events:@127.0.0.1:5432/app',
    next: 'Events: guardEvents({ sinks: [postgresSink(rolePool(process.env.EVENTS_DATABASE_URL, 1))] }) of @drydock/guard/events, once when the app starts.',
  },
  freeze: {
    up: freezeMigration({ app: 'app_lookup', operator: 'app_operator' }),
    down: `drop function if exists drydock.change_freeze(text, text, text, text);
drop table if exists drydock.freeze, drydock.freeze_change;`,
    roles: ['app_lookup', 'app_operator'],
    address: lookup.address,
    next: "Freeze: guardFreeze({ source: { kind: 'table', pool: rolePool(process.env.LOOKUP_DATABASE_URL, 2) }, … }) of @drydock/guard/freeze; who may turn it connects as app_operator.",
  },
  limits: {
    up: limitsMigration({ app: 'app_limits' }),
    down: 'drop table if exists drydock.limit_point;',
    roles: ['app_limits'],
    address: 'LIMITS_DATABASE_URL=postgres://app_limits:@127.0.0.1:5432/app',
    next: 'Limits: guardLimits of @drydock/guard/limits counts with rolePool(process.env.LIMITS_DATABASE_URL, 2).',
  },
};

/** What the parts bring into an app. */
export interface ChosenParts {
  readonly sql: GuardSql;
  /** Lines for `.env.example`. */
  readonly addresses: readonly string[];
  readonly notes: readonly string[];
}

/** The tables of the chosen parts and the roles of their pools, as one migration. */
export function chosenParts(names: readonly PartName[]): ChosenParts {
  const chosen = partNames.filter(name => names.includes(name)).map(name => parts[name]);
  const roles = [...new Set(chosen.flatMap(part => part.roles))].map(name => role(name, 'login', 'dropped'));
  return {
    sql: {
      up: [...roles.map(step => step.up), ...chosen.map(part => part.up)],
      down: [...chosen.map(part => part.down), ...roles.flatMap(step => step.down ?? [])],
      concurrent: [],
    },
    addresses: [...new Set(chosen.map(part => part.address))],
    notes: chosen.map(part => part.next),
  };
}

/** Reads `stripe,events`; the name that is none, where there is one. */
export function readParts(text: string): readonly PartName[] | { readonly unknown: string } {
  const given = text.split(',').map(each => each.trim());
  const unknown = given.find(each => !partNames.some(name => name === each));
  return unknown === undefined ? partNames.filter(name => given.includes(name)) : { unknown };
}
