import type { Policy, SourcePlace } from '../../model/database/types.ts';
import type { Complaint } from './attempt.ts';
import type { Placed } from './made-ahead.ts';
import { statementsWithin, type Statement } from './statements.ts';

/** A policy that could not be made for want of something that the replica does not have. */
export interface LostPolicy extends SourcePlace, Pick<Policy, 'name' | 'command' | 'roles'> {
  readonly table: string;
}

/**
 * What opens a table may stand in a policy that did not replay: a database that has the function or the column has the policy
 * as well. Which of them a later statement makes again, or drops, are not lost.
 */
export class LostPolicies {
  readonly #lost = new Map<string, LostPolicy>();

  /** Takes notice of a statement that was run, of what Postgres said to it, and of the schema that it ran in. */
  note({ file, statement }: Placed, complaint: Complaint | undefined, schema: string): void {
    if (complaint === undefined) this.#forget(statement, schema);
    else if (isForWant(complaint)) for (const each of policiesMadeBy(statement)) this.#lose(each, file, schema);
  }

  /** Those that nothing made up for, in the order of their names. */
  all(): readonly LostPolicy[] {
    return [...this.#lost].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, policy]) => policy);
  }

  #lose({ kind, line, endLine }: Statement, file: string, schema: string): void {
    if (kind.kind !== 'defines' || kind.opens === undefined) return;
    const key = inSchema(kind.name, schema);
    const slash = key.indexOf('/');
    const [table, name] = [key.slice(0, slash), key.slice(slash + 1)];
    this.#lost.set(key, { table, name, ...kind.opens, file, line, endLine });
  }

  #forget(statement: Statement, schema: string): void {
    const { kind } = statement;
    for (const { kind: made } of policiesMadeBy(statement))
      if (made.kind === 'defines') this.#lost.delete(inSchema(made.name, schema));
    if (kind.kind !== 'drops') return;
    for (const [key, { table, name }] of this.#lost)
      // `drop policy` names no schema here.
      if (
        kind.names.some(each => inSchema(each, schema) === table) ||
        kind.names.includes(`${table.split('.').at(-1) ?? ''}.${name}`)
      )
        this.#lost.delete(key);
  }
}

/** A name as models have it, where it was written without its schema. */
export function inSchema(name: string, schema: string): string {
  const [object = ''] = name.split('/');
  return schema === 'public' || object.includes('.') ? name : `${schema}.${name}`;
}

function policiesMadeBy(statement: Statement): readonly Statement[] {
  const all = statement.kind.kind === 'block' ? statementsWithin(statement) : [statement];
  return all.filter(({ kind }) => kind.kind === 'defines' && kind.what === 'policy');
}

/** Something is missing, or of another type than there; what Postgres takes nowhere is lost nowhere. */
function isForWant({ sqlstate }: Complaint): boolean {
  return /^(?:3F000|42P01|42703|42883|42704|42804|42846|0A000)$/.test(sqlstate);
}
