import type { Field, FieldShape } from '../../collect/runtime/field-shape.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import type { Seed, TenantKey } from '../exploit/seed-types.ts';
import { canaryPrefix } from './canary.ts';
import type { FieldRole } from './field-roles.ts';
import { plainText } from './plain-text.ts';
import type { ReplayValue } from './replay.ts';

/** Whose value a field carries: a tenant's, a row that nobody has, or none at all. */
export type Choice = TenantKey | 'missing' | 'absent';

/** What values are made from. */
export interface ValueContext {
  readonly database: DatabaseModel;
  readonly seed: Seed;
}

/** A value that names something of `choice`; `undefined` when that tenant has no such row. */
export function identityValue(
  role: FieldRole,
  shape: FieldShape,
  choice: Choice,
  context: ValueContext,
): ReplayValue | undefined {
  const single = singleValue(role, choice, context);
  if (single === undefined) return undefined;
  return shape.kind === 'list' ? [single] : single;
}

function singleValue(role: FieldRole, choice: Choice, context: ValueContext): ReplayValue | undefined {
  if (choice === 'absent') return undefined;
  switch (role.kind) {
    case 'tenant':
      return { ref: choice === 'missing' ? 'missing.tenant' : `${choice}.tenant` };
    case 'user':
      return choice === 'missing' ? { ref: 'missing.users.id' } : { ref: `${choice}.users.0.id` };
    case 'object':
    case 'capability': {
      if (choice === 'missing') return { ref: `missing.${role.table}.${role.column}` };
      const index = context.seed.tenants[choice]?.rows[role.table]?.findIndex(
        row => row[role.column] !== null && row[role.column] !== undefined,
      );
      return index === undefined || index < 0 ? undefined : { ref: `${choice}.${role.table}.${index}.${role.column}` };
    }
    case 'search':
      return canaryPrefix;
    case 'credential':
    case 'plain':
      return undefined;
  }
}

/** True when the field decides whose row is reached. */
export function isIdentity(role: FieldRole): boolean {
  return role.kind === 'tenant' || role.kind === 'user' || role.kind === 'object';
}

/** Plain content of the right shape, different from what is stored, so that a write shows. */
export function plainValue(field: Field, role: FieldRole, context: ValueContext): ReplayValue {
  const place: { readonly table?: string; readonly column?: string } = role.kind === 'plain' ? role : {};
  const type =
    context.database.tables
      .find(table => table.name === place.table)
      ?.columns.find(column => column.name === place.column)?.type ?? '';
  const stored =
    place.table === undefined || place.column === undefined
      ? undefined
      : context.seed.tenants.A?.rows[place.table]?.[0]?.[place.column];
  return shapedValue(field.name, field.shape, { type, stored: stored ?? undefined });
}

interface Hint {
  readonly type: string;
  readonly stored: string | undefined;
}

function shapedValue(name: string, shape: FieldShape, hint: Hint): ReplayValue {
  switch (shape.kind) {
    case 'string':
      return stringValue(name, shape, hint);
    case 'number':
      return Math.min(Math.max(4242, shape.minimum ?? 0), shape.maximum ?? 4242);
    case 'boolean':
      return hint.stored !== 'true';
    case 'date':
      return { date: '2027-03-04T00:00:00.000Z' };
    case 'list':
      return [shapedValue(name, shape.item, hint)];
    case 'object':
      return Object.fromEntries(
        shape.fields.map(field => [field.name, shapedValue(field.name, field.shape, { type: '', stored: undefined })]),
      );
    case 'form-data':
      return { formData: {} };
    case 'unknown':
      return byColumnType(name, hint);
  }
}

function stringValue(name: string, shape: Extract<FieldShape, { kind: 'string' }>, hint: Hint): string {
  if (shape.values !== undefined && shape.values.length > 0)
    return shape.values.find(value => value !== '' && value !== hint.stored) ?? shape.values[0] ?? '';
  switch (shape.format) {
    case 'uuid':
      return '0d0cfade-0000-4000-8000-000000000001';
    case 'email':
      return 'probe@drydock.example';
    case 'url':
      return 'https://drydock.example/probe';
    case 'date':
      return '2027-03-04';
    case 'datetime':
      return '2027-03-04T00:00:00.000Z';
    case undefined:
      break;
  }
  const typed = hint.type === '' ? `${shape.prefix ?? ''}drydock probe ${name}` : plainText(byColumnType(name, hint));
  const text = /email/i.test(name) ? 'probe@drydock.example' : typed;
  return fit(text, shape.minimum ?? 0, shape.maximum ?? 200);
}

function fit(text: string, minimum: number, maximum: number): string {
  return text.slice(0, maximum).padEnd(minimum, 'x');
}

function byColumnType(name: string, hint: Hint): ReplayValue {
  if (/^(?:small|big)?int|^integer|^numeric|^decimal|^real|^double/.test(hint.type)) return 4242;
  if (hint.type === 'boolean') return hint.stored !== 'true';
  if (hint.type === 'date') return '2027-03-04';
  if (hint.type.startsWith('timestamp')) return '2027-03-04T00:00:00.000Z';
  if (/email/i.test(name)) return 'probe@drydock.example';
  // A column of few allowed values (an enum, a status): what is stored is at least accepted.
  if (/status|state|kind|type|role|plan|period|currency/i.test(name) && hint.stored !== undefined) return hint.stored;
  return `drydock probe ${name}`;
}
