import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseFunction } from '../../../model/database/types.ts';
import type { Check, CheckInput } from '../../check.ts';
import { blamedIn, filled, functionsInPolicies, lintFinding, listed, mayEnter } from '../lint.ts';

/** Functions with their owner's rights that anybody may call without signing in, and that do not look who it is. */
export const check: Check = {
  id: 'database/definer-function-open-to-everyone',
  title: 'Definer function open to everyone',
  severity: 'low',
  cwe: 862,
  needs: 'database',
  judge: input => ({ findings: findings(input), gaps: [] }),
};

function findings(input: CheckInput) {
  const asked = functionsInPolicies(input.database);
  const blamed = blamedIn(input).objects;
  const open = input.database.functions.filter(
    definition =>
      definition.securityDefiner &&
      definition.returns !== 'trigger' &&
      definition.returns !== 'event_trigger' &&
      !asked.has(definition.name) &&
      !blamed.has(definition.name) &&
      !looksWhoCalls(definition, input) &&
      touchesRows(definition, input) &&
      isOpen(definition, input),
  );
  const remarks = filled(
    open.map(definition => ({
      object: definition.name,
      statement: `grant execute on function ${definition.signature} to ${definition.grants.some(({ role }) => role === 'public') ? 'public' : 'anon'}; security definer`,
      place: definition.definedAt,
    })),
  );
  if (remarks === undefined) return [];
  const names = listed(remarks.map(remark => remark.object));
  return [
    lintFinding({
      subject: 'functions',
      message: `${names} ${remarks.length === 1 ? 'runs' : 'run'} with ${remarks.length === 1 ? "its owner's" : "their owners'"} rights, ${remarks.length === 1 ? 'looks' : 'look'} at rows without asking who calls, and may be called without signing in.`,
      harm: `Anyone on the internet can make the database do what ${names} ${remarks.length === 1 ? 'does' : 'do'}, past every policy.`,
      remarks,
    }),
  ];
}

/** By anybody at all: everybody has EXECUTE on new functions unless it is revoked. */
function isOpen(definition: DatabaseFunction, { database }: CheckInput): boolean {
  const [visitor] = requestRoles(database).filter(role => role === 'anon' || database.platform === 'plain');
  return (
    visitor !== undefined &&
    mayUse(visitor, 'execute', definition, database) &&
    mayEnter(visitor, definition.schema, database)
  );
}

/** The body asks for the caller itself, or calls a function that does. */
function looksWhoCalls({ body }: DatabaseFunction, { database }: CheckInput): boolean {
  const asks = /\bauth\.(uid|jwt|role|email)\s*\(|\bcurrent_setting\s*\(|\b(current_user|session_user)\b/i;
  if (asks.test(body)) return true;
  return database.functions.some(
    other => asks.test(other.body) && new RegExp(`\\b${other.name.split('.').at(-1) ?? ''}\\s*\\(`).test(body),
  );
}

function touchesRows({ body }: DatabaseFunction, { database }: CheckInput): boolean {
  return database.tables.some(table => new RegExp(`\\b${table.name.split('.').at(-1) ?? ''}\\b`).test(body));
}
