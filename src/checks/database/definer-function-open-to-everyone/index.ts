import { objectName } from '../../../core/cell.ts';
import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseFunction } from '../../../model/database/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { isOwned } from '../../harm.ts';
import { blamedIn, filled, functionsInPolicies, lintFinding, listed, mayEnter, type Remark } from '../lint.ts';

/** Functions with their owner's rights that look at rows without looking who calls, and that requests may call. */
export const check: Check = {
  id: 'database/definer-function-open-to-everyone',
  title: 'Definer function that asks nobody',
  severity: 'low',
  cwe: 862,
  needs: 'database',
  judge: input => ({ findings: [...forOthersRows(input), ...forVisitors(input)], gaps: [] }),
};

/** Functions that take an argument and look at rows of tenants: with another tenant's id they answer for that one. */
function forOthersRows(input: CheckInput): readonly CheckFinding[] {
  const roles = requestRoles(input.database);
  const open = unguarded(input).filter(
    definition => isAboutOthers(definition, input) && roles.some(role => mayCall(role, definition, input)),
  );
  const remarks = filled(open.map(definition => toRemark(definition, input)));
  if (remarks === undefined) return [];
  const names = listed(remarks.map(remark => remark.object));
  const [runs, looks, takes, rights] =
    remarks.length === 1 ? ['runs', 'looks', 'takes', "its owner's"] : ['run', 'look', 'take', "their owners'"];
  const visitors = open.some(definition => mayCall('anon', definition, input));
  return [
    lintFinding({
      subject: 'tenants',
      message: `${names} ${runs} with ${rights} rights, ${takes} arguments and ${looks} at rows of tenants without asking who calls.`,
      harm: `${visitors ? 'Anyone on the internet' : 'Any signed-in user'} who knows an id can have ${names} work on another tenant's rows, past every policy.`,
      remarks,
      severity: 'medium',
      // One guard for all of them does not fit.
      ...(open.length === 1 ? { repair: { kind: 'guard-function' as const, function: open[0]?.name ?? '' } } : {}),
    }),
  ];
}

function forVisitors(input: CheckInput): readonly CheckFinding[] {
  const open = unguarded(input).filter(definition => !isAboutOthers(definition, input) && isOpen(definition, input));
  const remarks = filled(open.map(definition => toRemark(definition, input)));
  if (remarks === undefined) return [];
  const names = listed(remarks.map(remark => remark.object));
  const [runs, looks, rights, does] =
    remarks.length === 1 ? ['runs', 'looks', "its owner's", 'does'] : ['run', 'look', "their owners'", 'do'];
  return [
    lintFinding({
      subject: 'visitors',
      message: `${names} ${runs} with ${rights} rights, ${looks} at rows without asking who calls, and may be called without signing in.`,
      harm: `Anyone on the internet can make the database do what ${names} ${does}, past every policy.`,
      remarks,
      // Elsewhere than on Supabase nothing says which of the app's roles is the visitors'.
      ...(input.database.platform === 'supabase'
        ? {
            repair: {
              kind: 'close-functions' as const,
              functions: open.map(({ signature }) => signature),
              roles: ['anon'],
              keep: ['authenticated', 'service_role'],
            },
          }
        : {}),
    }),
  ];
}

function toRemark(definition: DatabaseFunction, input: CheckInput): Remark {
  const roles = requestRoles(input.database).filter(role => mayCall(role, definition, input));
  return {
    object: definition.name,
    statement: `grant execute on function ${definition.signature} to ${roles.join(', ')}; security definer`,
    place: definition.definedAt,
  };
}

/** What attempts showed, what policies ask and what triggers run is somebody else's to judge. */
function unguarded(input: CheckInput): readonly DatabaseFunction[] {
  const asked = functionsInPolicies(input.database);
  const blamed = blamedIn(input).objects;
  return input.database.functions.filter(
    definition =>
      definition.securityDefiner &&
      !/^(event_)?trigger$/.test(definition.returns) &&
      !asked.has(definition.name) &&
      !blamed.has(definition.name) &&
      !isPublic(definition, input) &&
      !looksWhoCalls(definition, input) &&
      touchedTables(definition, input).length > 0,
  );
}

/** Whether what it shows is for everybody to see. */
function isPublic({ name }: DatabaseFunction, { cells }: CheckInput): boolean {
  return cells.some(cell => cell.objectKind === 'function' && cell.verdict === 'public' && objectName(cell) === name);
}

/** Arguments that nobody can guess authorise whoever knows them. */
function isAboutOthers(definition: DatabaseFunction, input: CheckInput): boolean {
  const names = definition.arguments.map(argument => argument.name).join(' ');
  // Yes or no about a key that one has to know gives no row away.
  const tells = definition.returns !== 'boolean' || /\b(insert\s+into|update|delete\s+from)\b/i.test(definition.body);
  return (
    tells &&
    definition.arguments.some(argument => /^(uuid|bigint|integer|text|character varying)/.test(argument.type)) &&
    !/token|secret|code|hash|key|password/i.test(names) &&
    touchedTables(definition, input).some(table => isOwned(input.tenancy, table))
  );
}

function mayCall(role: string, definition: DatabaseFunction, { database }: CheckInput): boolean {
  return (
    requestRoles(database).includes(role) &&
    mayUse(role, 'execute', definition, database) &&
    mayEnter(role, definition.schema, database)
  );
}

/** By anybody at all: everybody has EXECUTE on new functions unless it is revoked. */
function isOpen(definition: DatabaseFunction, input: CheckInput): boolean {
  const { database } = input;
  const [visitor] = requestRoles(database).filter(role => role === 'anon' || database.platform === 'plain');
  return visitor !== undefined && mayCall(visitor, definition, input);
}

/** The body asks for the caller itself, or calls a function that does. */
function looksWhoCalls({ body }: DatabaseFunction, { database }: CheckInput): boolean {
  const asks = /\bauth\.(uid|jwt|role|email)\s*\(|\bcurrent_setting\s*\(|\b(current_user|session_user)\b/i;
  if (asks.test(body)) return true;
  return database.functions.some(
    other => asks.test(other.body) && new RegExp(`\\b${other.name.split('.').at(-1) ?? ''}\\s*\\(`).test(body),
  );
}

function touchedTables({ body }: DatabaseFunction, { database }: CheckInput): readonly string[] {
  return database.tables
    .map(table => table.name)
    .filter(name => new RegExp(`\\b${name.split('.').at(-1) ?? ''}\\b`).test(body));
}
