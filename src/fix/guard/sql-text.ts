import { quoteName } from './sql/names.ts';

const reserved = new Set(['user', 'order', 'group', 'table', 'role', 'grant', 'default', 'check', 'references']);

/** A name in a statement that people read: with quotes only where it needs them. */
export function plainName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : quoteName(name);
}

/** A statement as a text of TypeScript. */
export function quotedText(text: string): string {
  return text.includes("'") ? `\`${text}\`` : `'${text}'`;
}
