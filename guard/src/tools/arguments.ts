import { refuse } from '../refusal.ts';
import { tenantOf, userOf } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { deepest, filledBy } from './json-schema.ts';

/** Which arguments of tools say who asks. The scope says it; the model does not. */
export interface ToolArguments {
  /** Names of arguments that hold the tenant. Those that apps commonly use, where nothing is said. */
  readonly tenantArguments?: readonly string[];
  /** Names of arguments that hold the user who asks. None where nothing is said: a `userId` may be somebody to assign. */
  readonly userArguments?: readonly string[];
}

const usualTenantArguments = ['tenant', 'organization', 'organisation', 'org', 'workspace', 'team'].flatMap(name => [
  `${name}Id`,
  `${name}Uuid`,
]);

/** The arguments that the scope fills in, and with what. */
export class FilledArguments {
  readonly #tenant: ReadonlySet<string>;
  readonly #user: ReadonlySet<string>;

  constructor(names: ToolArguments) {
    this.#tenant = new Set((names.tenantArguments ?? usualTenantArguments).map(plainName));
    this.#user = new Set((names.userArguments ?? []).map(plainName));
  }

  /** Whether the scope says what this argument is. */
  has(name: string): boolean {
    return isNamed(this.#tenant, name) || isNamed(this.#user, name);
  }

  /** Refuses what a model sent if it says who asks: whoever wrote the text that the model read may have wished it. */
  refuseSent(input: unknown): void {
    if (this.isIn(input, 0)) throw refuse('forbidden', 'A model sent an argument that only the scope may fill.');
  }

  private isIn(given: unknown, depth: number): boolean {
    // A tool that takes JSON as text reads it as an object.
    const value = typeof given === 'string' ? objectIn(given) : given;
    if (typeof value !== 'object' || value === null) return false;
    if (depth > deepest) return true;
    return Object.entries(value).some(
      ([name, inner]) => (!Array.isArray(value) && this.has(name)) || this.isIn(inner, depth + 1),
    );
  }

  /** The input with what the scope says, for those of the arguments that the tool declares. */
  fill(input: unknown, declared: readonly string[], scope: Scope): Readonly<Record<string, unknown>> {
    const filled = declared.filter(name => this.has(name)).map(name => [name, this.valueOf(name, scope)]);
    return { ...objectOf(input), ...Object.fromEntries(filled) };
  }

  /** The same by a JSON Schema, which declares arguments inside of others too. */
  fillBy(input: unknown, schema: unknown, scope: Scope): Readonly<Record<string, unknown>> {
    const filled = filledBy(schema, objectOf(input), name => (this.has(name) ? this.valueOf(name, scope) : undefined));
    return { ...objectOf(filled) };
  }

  private valueOf(name: string, scope: Scope): string | readonly string[] {
    const names = isNamed(this.#tenant, name) ? this.#tenant : this.#user;
    const value = names === this.#tenant ? tenantOf(scope) : userOf(scope);
    if (value === undefined) throw refuse('no-scope', 'A tool needs a tenant or user that the scope does not have.');
    return names.has(plainName(name)) ? value : [value];
  }

  /** The input without what the scope says. */
  without(input: unknown): Readonly<Record<string, unknown>> {
    return { ...objectOf(this.withoutInside(objectOf(input), 0)) };
  }

  /** What has a class (a date, a file) is the tool's own and stays whole. */
  private withoutInside(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null || depth > deepest) return value;
    if (Array.isArray(value)) return value.map(item => this.withoutInside(item, depth + 1));
    if (depth > 0 && Object.getPrototypeOf(value) !== Object.prototype) return value;
    const kept = Object.entries(value).filter(([name]) => !this.has(name));
    return Object.fromEntries(kept.map(([name, inner]) => [name, this.withoutInside(inner, depth + 1)]));
  }
}

/** `tenantId`, `tenant_id` and `tenantID` are one name. */
function plainName(name: string): string {
  return name.replaceAll(/[\s_.-]/g, '').toLowerCase();
}

/** `tenantIds` too: a list of the one that the scope says. */
function isNamed(names: ReadonlySet<string>, name: string): boolean {
  const plain = plainName(name);
  return names.has(plain) || (plain.endsWith('s') && names.has(plain.slice(0, -1)));
}

/** The object or list that a text says in JSON. */
function objectIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function objectOf(input: unknown): object {
  return typeof input === 'object' && input !== null ? input : {};
}
