import type { Finding } from '../../core/finding.ts';
import type { Draft } from '../context.ts';

/** A draft that is one migration, with what undoes it. */
export function migration(
  statements: NonNullable<Draft['migration']>,
  about: { readonly title: string; readonly explanation: string },
): Draft {
  return { ...about, edits: [], migration: statements, basis: 'tenancy' };
}

/** The texts that a finding's repair lists under a name. */
export function hints(finding: Finding, name: string): readonly string[] {
  const value = finding.repair?.[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** The text that a finding's repair holds under a name; undefined where it has none. */
export function hint(finding: Finding, name: string): string | undefined {
  const value = finding.repair?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** A name without its schema. */
export function bareName(name: string): string {
  return name.replace(/^.*\./, '');
}

/** Names of Postgres have 63 bytes. */
export function shortName(...parts: readonly string[]): string {
  const name = parts.join('_');
  return name.length <= 63 ? name : `${name.slice(0, 55)}_${name.length}_${parts.at(-1) ?? ''}`.slice(0, 63);
}
