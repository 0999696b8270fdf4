import { pastGuards } from '../../../core/past-guards.ts';
import { objectName } from '../../../core/cell.ts';
import type { DatabaseFunction, DatabaseModel, Table } from '../../../model/database/types.ts';
import { appRoles, type AppRoles } from '../../../model/tenancy/app-roles.ts';
import type { Check, CheckInput } from '../../check.ts';
import { rowsOfOthers, tenantNoun } from '../../harm.ts';
import { counterOf, type Counter } from '../counters.ts';
import { clearsExpired } from '../expired.ts';
import { findingsOf, leaksOf, openedAfter, rolesOf, settingOf, type Leak } from '../leaks.ts';

/** A function with its owner's rights, or one that says who asks, that answers for, or changes, the tenant its arguments name, whoever calls. */
export const check: Check = {
  id: 'database/definer-function-without-caller-check',
  title: 'Definer function without a check of the caller',
  severity: 'critical',
  cwe: 862,
  needs: 'database',
  judge: input => ({
    findings: findingsOf(
      leaksOf(input).filter(leak => leak.cause === 'function'),
      input,
      {
        subject: leak => ('definition' in leak ? leak.definition.signature : ''),
        place: leak => ('definition' in leak ? leak.definition.definedAt : undefined),
        message: leaks => {
          const changes = leaks.some(isChange);
          const fired = firedBy(leaks[0], input);
          if (fired !== undefined)
            return `'${objectName(leaks[0].cell)}' runs with its owner's rights for whoever writes a row of '${fired}', and does not ask whose rows are named there, so ${rolesOf(leaks)} may change another tenant's rows.`;
          const opening = leaks.map(({ cell }) => openedAfter(cell)).find(opened => opened !== undefined);
          if (opening !== undefined) return openingMessage(leaks, opening);
          if (changes && givesRole(leaks[0], input) !== undefined)
            return `'${objectName(leaks[0].cell)}' runs with its owner's rights and does not ask who calls, so ${rolesOf(leaks)} may give anybody a role of the whole app.`;
          return `'${objectName(leaks[0].cell)}' ${meansOf(leaks[0])} and ${faultOf(leaks[0])}, so ${rolesOf(leaks)} may ${changes ? 'change' : 'read'} another tenant's rows${takesArguments(leaks[0]) ? ' through its arguments' : ''}.`;
        },
        harm: leak => harmOf(leak, input),
        opens: leak => opensBy(leak, input),
        severity: ([leak]) =>
          countedBy(leak, input) !== undefined || isOnlyEarly(leak, input)
            ? 'low'
            : isChange(leak) || openedAfter(leak.cell) !== undefined || !answersWithKey(leak, input)
              ? undefined
              : 'medium',
        repair: leak => ({
          kind:
            firedBy(leak, input) === undefined
              ? isTrigger(leak)
                ? 'distrust-sign-up'
                : 'guard-function'
              : 'guard-trigger',
          function: objectName(leak.cell),
          signature: 'definition' in leak ? leak.definition.signature : '',
        }),
        statement: leak => ('definition' in leak ? leak.definition.body.trim() : undefined),
      },
    ),
    gaps: [],
  }),
};

function openingMessage(leaks: readonly [Leak, ...Leak[]], opening: string | number): string {
  const trusting =
    typeof opening === 'string' ? `the policies of '${opening}' trust` : `policies of ${opening} tables trust`;
  const name = objectName(leaks[0].cell);
  const setting = isTrigger(leaks[0]) ? undefined : settingOfLeak(leaks[0]);
  if (setting !== undefined)
    return `'${name}' sets '${setting}' to what its arguments say and does not ask who calls: ${typeof opening === 'string' ? `the policies of '${opening}'` : `policies of ${opening} tables`} believe it, so ${rolesOf(leaks)} may read another tenant's rows there after a call.`;
  if (leaks[0].cell.because.includes('called it about that row'))
    return `'${name}' runs with its owner's rights and does not ask whose the row is that it is told of: ${trusting} what it writes, so ${rolesOf(leaks)} may read another tenant's rows there after writing such a row and a call.`;
  return isTrigger(leaks[0])
    ? `'${name}' copies what a user said of himself when he signed up into rows that ${trusting}, so anybody may read another tenant's rows there.`
    : `'${name}' runs with its owner's rights and does not ask who calls: ${trusting} what it writes, so ${rolesOf(leaks)} may read another tenant's rows there after a call.`;
}

function isTrigger(leak: Leak): boolean {
  return 'definition' in leak && leak.definition.returns === 'trigger';
}

/** The table whose rows set the trigger off, where one of them made it change rows of others. */
function firedBy(leak: Leak, { database }: CheckInput): string | undefined {
  if (!isTrigger(leak) || openedAfter(leak.cell) !== undefined) return undefined;
  const name = objectName(leak.cell);
  const fired = /wrote a row of its own in '([^']+)'/.exec(leak.cell.because)?.[1];
  return database.tables.find(
    table => table.name === fired && table.triggers?.some(trigger => trigger.function === name) === true,
  )?.name;
}

function settingOfLeak(leak: Leak): string | undefined {
  return 'definition' in leak ? settingOf(leak.definition) : undefined;
}

/** What lets it reach rows that its caller does not. */
function meansOf(leak: Leak): string {
  const setting = 'definition' in leak && !leak.definition.securityDefiner ? settingOfLeak(leak) : undefined;
  return setting === undefined ? `runs with its owner's rights` : `sets '${setting}', which policies believe,`;
}

/** What it fails to ask. */
function faultOf({ cell }: Leak): string {
  if (cell.because.includes(pastGuards.beside))
    return 'asks about a tenant that its caller names, and not whose rows it reaches';
  if (cell.because.includes(pastGuards.injected)) return 'runs SQL that it puts together of what its caller says';
  return 'does not ask who calls';
}

function takesArguments(leak: Leak): boolean {
  return 'definition' in leak && leak.definition.arguments.length > 0;
}

function isChange({ cell }: Leak): boolean {
  return /changed|added|deleted|copied/.test(cell.because);
}

function harmOf(leak: Leak, input: CheckInput): string | undefined {
  if (!('definition' in leak)) return undefined;
  const fired = firedBy(leak, input);
  if (fired !== undefined)
    return `Any signed-in user who writes a row of '${fired}' and names another ${tenantNoun(input.tenancy)}'s row in it can change that row.`;
  const isOpen = leak.definition.grants.some(({ role }) => role === 'anon' || role === 'public');
  const who = isOpen ? 'Anyone on the internet' : 'Any signed-in user';
  const opened = openedAfter(leak.cell);
  if (opened !== undefined) {
    const rows =
      typeof opened === 'string'
        ? rowsOfOthers({ operation: 'read', table: opened }, input.tenancy)
        : `any ${tenantNoun(input.tenancy)}'s rows in ${opened} tables`;
    return isTrigger(leak)
      ? `Anyone who signs up and names any ${tenantNoun(input.tenancy)} in his own metadata can read ${rows}.`
      : `Any signed-in user who calls '${objectName(leak.cell)}' first can read ${rows}.`;
  }
  const counter = countedBy(leak, input);
  if (counter !== undefined)
    return `${who} can falsify ${counter.columns.map(name => `'${name}'`).join(' and ')} of '${counter.table}', rows that he may read anyway.`;
  if (isOnlyEarly(leak, input))
    return `${who} can have '${objectName(leak.cell)}' see to what has expired, which it does to rows of every ${tenantNoun(input.tenancy)} anyway.`;
  if (isChange(leak))
    return givesRole(leak, input) === undefined ? undefined : `${who} can give himself a role of the whole app.`;
  return answersWithKey(leak, input)
    ? `${who} who knows an id can ask '${objectName(leak.cell)}' about another tenant's rows, and gets a key, a number or a word.`
    : undefined;
}

/** What it counts up, where it does no more than that to rows that whoever calls may read. */
function countedBy(leak: Leak, { database }: CheckInput): Counter | undefined {
  const isAnswer = 'definition' in leak && /^(void|smallint|integer|bigint)$/.test(leak.definition.returns);
  return isAnswer && openedAfter(leak.cell) === undefined ? counterOf(leak.definition, database) : undefined;
}

/** Whether all that it does to rows of others is due by their own date. */
function isOnlyEarly(leak: Leak, { database }: CheckInput): boolean {
  return (
    'definition' in leak &&
    isChange(leak) &&
    openedAfter(leak.cell) === undefined &&
    clearsExpired(leak.definition, database)
  );
}

/** Who belongs where, or how many there are: what it answers is a key, a number or a word, and no row. */
function answersWithKey(leak: Leak, { database }: CheckInput): boolean {
  if (!('definition' in leak)) return false;
  const type = leak.definition.returns.replace(/^setof /i, '');
  return /^(uuid|boolean|smallint|integer|bigint|numeric|real|double precision)$/i.test(type) || isEnum(type, database);
}

function isEnum(type: string, { enums }: DatabaseModel): boolean {
  return enums.some(({ name }) => name === type.replaceAll('"', '').replace(/^public\./, ''));
}

/** The table of roles of the whole app to which the function writes a role. */
function givesRole(leak: Leak, { database, tenancy }: CheckInput): string | undefined {
  if (!('definition' in leak)) return undefined;
  const { body } = leak.definition;
  return appRoles(database, tenancy).find(roles => writesRole(body, roles))?.table;
}

/** A profile that holds a role holds other things as well, and who changes those gives no role. */
function writesRole(body: string, { table, isPure, roleColumn, named, flags }: AppRoles): boolean {
  const columns = [roleColumn, named?.column, ...flags].filter(column => column !== undefined);
  const writes = new RegExp(`\\b(?:insert\\s+into|update)\\s+(?:"?public"?\\.)?"?${table}"?(?![\\w$])[^;]*`, 'gi');
  return [...body.matchAll(writes)].some(
    ([statement]) => isPure || columns.some(column => new RegExp(`\\b${column}\\b`).test(statement)),
  );
}

/** The tables whose policies ask for the role that it gives. */
function opensBy(leak: Leak, input: CheckInput): number {
  const roles = isChange(leak) ? givesRole(leak, input) : undefined;
  if (roles === undefined) return 0;
  const { tables, functions } = input.database;
  const askers = functions.filter(({ body }) => names(body, roles)).map(({ name }) => name);
  return tables.filter(table => [roles, ...askers].some(name => isNamedBy(table, name))).length;
}

function isNamedBy({ policies }: Table, name: string): boolean {
  return policies.some(({ using = '', check = '' }) => names(`${using} ${check}`, name));
}

function names(text: string, name: DatabaseFunction['name']): boolean {
  return new RegExp(`\\b${name.split('.').at(-1) ?? ''}\\b`).test(text);
}
