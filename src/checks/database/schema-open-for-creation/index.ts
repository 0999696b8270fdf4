import { plantableIn } from '../../../logic/planted-names.ts';
import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel, TakenAsFound } from '../../../model/database/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { isAboutPlanted } from '../../../core/side-evidence.ts';
import { functionsInPolicies, lintFinding, listed, shownBeside, type Remark } from '../lint.ts';

/** A schema in which everybody, or a role of requests, may make objects: names that functions look up can be planted there. */
export const check: Check = {
  id: 'database/schema-open-for-creation',
  title: 'Schema open for creation',
  severity: 'medium',
  cwe: 426,
  needs: 'database',
  judge: input => ({
    findings: (input.database.facts?.schemas ?? []).flatMap(({ name, create }) => {
      const makers = makersIn(create, input.database);
      return makers.length === 0 ? [] : [toFinding(name, makers, input)];
    }),
    gaps: [],
  }),
};

function toFinding(schema: string, makers: readonly string[], input: CheckInput): CheckFinding {
  const { database } = input;
  const who = makers.includes('public') ? 'Every role' : listed(makers);
  const misled = misledBy(schema, input);
  const taken = takenIn(schema, database);
  return lintFinding({
    subject: schema,
    message: [
      `${who} may make tables, functions and operators in the schema '${schema}'`,
      ...(misled.length === 0
        ? []
        : [`where ${listed(misled.map(({ object }) => object))} ${misled.length === 1 ? 'looks' : 'look'} names up`]),
      ...(taken.length === 0
        ? []
        : [
            `and ${listed(taken.map(({ name }) => name))} ${taken.length === 1 ? 'is' : 'are'} made so that what somebody else made there before stays his`,
          ]),
    ]
      .join(', ')
      .concat('.'),
    harm: `Whoever can run SQL of his own can plant a table or function in '${schema}' that a function with more rights then takes for the app's own.`,
    remarks: [
      {
        object: schema,
        statement: `grant create on schema ${schema} to ${makers.join(', ')}`,
        place: openingOf(schema, database),
      },
      ...misled,
      ...taken.map(({ name, what, ...place }) => ({ object: name, statement: kept[what](name), place })),
    ],
    replays: shownBeside(input.cells, about => isAboutPlanted(about, schema)).slice(0, 1),
    repair: {
      kind: 'revoke-create',
      schema,
      roles: makers,
      objects: taken.map(({ what, name }) => ({ what, name })),
    },
  });
}

const kept: Readonly<Record<TakenAsFound['what'], (name: string) => string>> = {
  table: name => `create table if not exists ${name}`,
  sequence: name => `create sequence if not exists ${name}`,
  schema: name => `create schema if not exists ${name}`,
  view: name => `create or replace view ${name}`,
  function: name => `create or replace function ${name}`,
};

function makersIn(create: readonly string[], database: DatabaseModel): readonly string[] {
  const roles = new Set(['public', ...requestRoles(database)]);
  return create.filter(role => roles.has(role)).toSorted();
}

/** Functions whose answer others' rights hang on, and which an object in the schema would mislead. */
function misledBy(schema: string, { database }: CheckInput): readonly Remark[] {
  const asked = functionsInPolicies(database);
  const roles = requestRoles(database);
  const fired = new Set(database.tables.flatMap(table => (table.triggers ?? []).map(trigger => trigger.function)));
  return database.functions
    .filter(
      each =>
        asked.has(each.name) ||
        (each.securityDefiner && (fired.has(each.name) || roles.some(role => mayUse(role, 'execute', each, database)))),
    )
    .flatMap(each => {
      const { before, beaten } = plantableIn(schema, each, database);
      const named = before.length > 0 ? before : beaten;
      if (named.length === 0) return [];
      const how =
        before.length > 0
          ? `finds ${listed(before)} in '${schema}' before its own`
          : `takes ${listed(beaten)} from '${schema}' where one fits the types better`;
      return [
        {
          object: each.name,
          statement: `${each.signature}: ${each.securityDefiner ? 'security definer' : 'security invoker, asked by policies'}, search_path = ${each.searchPath ?? "the caller's"}, ${how}`,
          place: each.definedAt,
        },
      ];
    });
}

/** What was made while the schema was open, over whatever was there. */
function takenIn(schema: string, { facts, tables, views, functions }: DatabaseModel): readonly TakenAsFound[] {
  const known = new Set([...tables, ...views, ...functions].map(({ name }) => name));
  const opening = openingIndexOf(schema, facts);
  return (facts?.takenAsFound ?? []).filter(
    ({ what, name, grantsBefore }) =>
      what !== 'schema' &&
      (what === 'sequence' || known.has(name)) &&
      (name.includes('.') ? name.replace(/\.[^.]*$/, '') : 'public') === schema &&
      grantsBefore > opening,
  );
}

/** The first statement that may have opened it; -1 where none of the migrations did. */
function openingIndexOf(schema: string, facts: DatabaseModel['facts']): number {
  return (facts?.grantStatements ?? []).findIndex(({ text }) => opens(text, schema));
}

function openingOf(schema: string, { facts }: DatabaseModel): Remark['place'] {
  return facts?.grantStatements.findLast(({ text }) => opens(text, schema));
}

function opens(grant: string, schema: string): boolean {
  const about = new RegExp(`\\bon\\s+schema\\s[^;]*\\b${schema.replaceAll(/\W/g, '\\$&')}\\b`, 'i');
  return about.test(grant) && /\b(all|create)\b/i.test(grant);
}
