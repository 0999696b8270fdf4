import { refuse } from '../refusal.ts';
import { tenantOf, userOf } from '../scope.ts';
import type { Scope } from '../scope.ts';

/** Which arguments of tools say who asks. The scope says it; the model does not. */
export interface ToolArguments {
  /** Names of arguments that hold the tenant. Those that apps commonly use, where nothing is said. */
  readonly tenantArguments?: readonly string[];
  /** Names of arguments that hold the user who asks. None where nothing is said: a `userId` may be somebody to assign. */
  readonly userArguments?: readonly string[];
}

const usualTenantArguments = ['tenant', 'organization', 'org', 'workspace', 'team'].flatMap(name => [
  `${name}Id`,
  `${name}_id`,
]);

/** The arguments that the scope fills in, and with what. */
export class FilledArguments {
  readonly #tenant: ReadonlySet<string>;
  readonly #user: ReadonlySet<string>;

  constructor(names: ToolArguments) {
    this.#tenant = new Set(names.tenantArguments ?? usualTenantArguments);
    this.#user = new Set(names.userArguments ?? []);
  }

  /** Whether the scope says what this argument is. */
  has(name: string): boolean {
    return this.#tenant.has(name) || this.#user.has(name);
  }

  /** Refuses what a model sent if it says who asks: whoever wrote the text that the model read may have wished it. */
  refuseSent(input: unknown): void {
    if (Object.keys(objectOf(input)).some(name => this.has(name)))
      throw refuse('forbidden', 'A model sent an argument that only the scope may fill.');
  }

  /** The input with what the scope says, for those of the arguments that the tool declares. */
  fill(input: unknown, declared: readonly string[], scope: Scope): Readonly<Record<string, unknown>> {
    const filled = declared.flatMap(name => {
      if (!this.has(name)) return [];
      const value = this.#tenant.has(name) ? tenantOf(scope) : userOf(scope);
      if (value === undefined) throw refuse('no-scope', 'A tool needs a tenant or user that the scope does not have.');
      return [[name, value] as const];
    });
    return { ...objectOf(input), ...Object.fromEntries(filled) };
  }

  /** The input without what the scope says. */
  without(input: unknown): Readonly<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(objectOf(input)).filter(([name]) => !this.has(name)));
  }
}

function objectOf(input: unknown): object {
  return typeof input === 'object' && input !== null ? input : {};
}
