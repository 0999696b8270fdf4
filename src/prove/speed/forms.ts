import { quoteName, quoteQualified } from '../../core/quote.ts';
import { callsOfCondition, callsPerRow, wrapCalls, type Call } from '../../logic/condition-tree.ts';
import { columnsWithoutIndex } from '../../logic/policy-columns.ts';
import { steadyFunctions } from '../../model/database/steady.ts';
import type { DatabaseFunction, DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';

/** A change that may show the same rows sooner. */
export interface Form {
  readonly statements: readonly string[];
  /** The database with it. */
  readonly database: DatabaseModel;
  /** Whether conditions were written anew: then they must be shown to mean the same. */
  readonly rewrites: boolean;
}

type MakeForm = (table: Table, database: DatabaseModel, tenancy: TenancyModel) => Form | undefined;

/** What is tried on a table, one after the other, each on what the ones before it left. */
export const forms: readonly MakeForm[] = [askedOnce, askedAsSet, withIndexes];

/** What no row decides, once for the query. https://supabase.com/docs/guides/database/postgres/row-level-security#call-functions-with-select */
function askedOnce(table: Table, database: DatabaseModel): Form | undefined {
  const isSteady = steadyFunctions(database);
  return rewritten(table, database, condition => wrapCalls(condition, callsPerRow(condition, isSteady)), []);
}

/**
 * `is_member(team_id)`, which Postgres calls for every row, as `team_id = any (array(select …))` over a function that gives all of the
 * caller's teams, which it calls once. The new function has the rights of the old one.
 */
function askedAsSet(table: Table, database: DatabaseModel): Form | undefined {
  const made = new Map<string, DatabaseFunction>();
  const inForm = (condition: string): string => {
    const calls = callsOfCondition(condition).filter(call => call.dependsOnRow);
    return [...calls]
      .sort((left, right) => right.start - left.start)
      .reduce((text, call) => {
        const set = setOf(call, text, database);
        if (set === undefined) return text;
        made.set(set.definition.signature, set.definition);
        return `${text.slice(0, call.start)}${set.condition}${text.slice(call.end)}`;
      }, condition);
  };
  return rewritten(table, database, inForm, made);
}

function rewritten(
  table: Table,
  database: DatabaseModel,
  write: (condition: string) => string,
  made: ReadonlyMap<string, DatabaseFunction> | readonly [],
): Form | undefined {
  const policies = table.policies.map(policy => ({
    ...policy,
    ...(policy.using === undefined ? {} : { using: write(policy.using) }),
    ...(policy.check === undefined ? {} : { check: write(policy.check) }),
  }));
  const statements = policies.flatMap((policy, index) => {
    const before = table.policies[index];
    return before?.using === policy.using && before?.check === policy.check ? [] : [alterPolicy(policy)];
  });
  if (statements.length === 0) return undefined;
  const functions = [...made.values()].filter(
    each => !database.functions.some(known => known.signature === each.signature),
  );
  return {
    statements: [...functions.flatMap(each => createFunction(each, database)), ...statements],
    rewrites: true,
    database: {
      ...database,
      functions: [...database.functions, ...functions],
      tables: database.tables.map(each => (each.name === table.name ? { ...each, policies } : each)),
    },
  };
}

function alterPolicy({ name, table, using, check }: Policy): string {
  const parts = [
    `alter policy ${quoteName(name)} on ${quoteQualified(table)}`,
    ...(using === undefined ? [] : [`using (${using})`]),
    ...(check === undefined ? [] : [`with check (${check})`]),
  ];
  return `${parts.join('\n  ')};`;
}

interface AsSet {
  readonly definition: DatabaseFunction;
  readonly condition: string;
}

/** A call with one column of the row, of a function that looks for one row which holds it. */
function setOf(call: Call, condition: string, database: DatabaseModel): AsSet | undefined {
  const definitions = database.functions.filter(each => each.name === call.name.replace(/^public\./, ''));
  const [definition] = definitions;
  const column = condition.slice(condition.indexOf('(', call.start) + 1, call.end - 1).trim();
  const isColumn = /^[\w."]+$/.test(column);
  if (definition === undefined || definitions.length > 1 || !isColumn) return undefined;
  const body = bodyAsSet(definition);
  if (body === undefined) return undefined;
  const [argument] = definition.arguments;
  const name = `${definition.name}_of_caller`;
  const set: DatabaseFunction = {
    ...definition,
    name,
    signature: `${quoteQualified(name)}()`,
    arguments: [],
    returns: `SETOF ${argument?.type ?? 'text'}`,
    returnsSet: true,
    body,
  };
  if (database.functions.some(each => each.name === name && each.body !== body)) return undefined;
  return { definition: set, condition: `${column} = any (array(select ${quoteQualified(name)}()))` };
}

/** Of `select exists (select … from m where m.team = $1 and …)` the teams; undefined for any other body. */
function bodyAsSet({ language, volatility, body, arguments: given, returns }: DatabaseFunction): string | undefined {
  const [argument] = given;
  if (language !== 'sql' || volatility === 'volatile' || returns !== 'boolean' || given.length !== 1) return undefined;
  const found =
    /^\s*select\s+exists\s*\(\s*select\s+(?:1|true|\*|null)\s+from\s+([\s\S]+?)\s+where\s+([\s\S]+)\)\s*;?\s*$/i.exec(
      body,
    );
  const [, from = '', where = ''] = found ?? [];
  const parts = conjunctsOf(where);
  const compared = parts?.map(part => comparedWith(part, ['$1', argument?.name ?? '$1'])) ?? [];
  const [column, ...more] = compared.filter(each => each !== undefined);
  const rest = parts?.filter((_, index) => compared[index] === undefined) ?? [];
  const asks = rest.join(' and ');
  const isNamed = new RegExp(`\\$1|(?<![\\w.])${(argument?.name ?? '$1').replaceAll('$', '\\$')}(?!\\w)`);
  // Whoever may call the old function may call the new one: it must name nothing but what is the caller's.
  if (column === undefined || more.length > 0 || !rest.some(isTheCallers) || isNamed.test(asks)) return undefined;
  return `select ${column} from ${from} where ${asks}`;
}

/** Whether a condition holds for rows of the caller only. */
function isTheCallers(condition: string): boolean {
  const caller = String.raw`\(?\s*(?:select\s+)?auth\.uid\(\)\s*\)?`;
  return new RegExp(String.raw`^(?:[\w."]+\s*=\s*${caller}|${caller}\s*=\s*[\w."]+)$`, 'i').test(condition);
}

/** The parts between `and`s; undefined where they are not all that there is. */
function conjunctsOf(text: string): readonly string[] | undefined {
  const parts: string[] = [''];
  let depth = 0;
  for (const piece of text.split(
    /(\(|\)|'(?:[^']|'')*'|\band\b|\bor\b|\bbetween\b|\border\b|\bgroup\b|\blimit\b|\bunion\b)/i,
  )) {
    if (piece === '(') depth += 1;
    if (piece === ')') depth -= 1;
    if (depth < 0 || (depth === 0 && /^(or|between|order|group|limit|union)$/i.test(piece))) return undefined;
    if (depth === 0 && /^and$/i.test(piece)) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${piece}`);
  }
  return parts.map(part => part.trim());
}

/** The column that a condition compares with one of the names. */
function comparedWith(condition: string, names: readonly string[]): string | undefined {
  const [, left = '', right = ''] = /^([\w.$"]+)\s*=\s*([\w.$"]+)$/.exec(condition) ?? [];
  if (names.includes(right) && !names.includes(left)) return left;
  return names.includes(left) && !names.includes(right) && right !== '' ? right : undefined;
}

function createFunction(definition: DatabaseFunction, { platform }: DatabaseModel): readonly string[] {
  const { name, returns, securityDefiner, searchPath, body, grants, owner } = definition;
  const signature = `${quoteQualified(name)}()`;
  const rights = securityDefiner ? ' security definer' : '';
  // What `pg_proc.proconfig` holds for the empty path is no name that can be written back.
  const path = searchPath === undefined ? '' : ` set search_path = ${/^(?:"")?$/.test(searchPath) ? "''" : searchPath}`;
  const callers = new Set(grants.filter(grant => grant.privilege === 'execute').map(grant => grant.role));
  const create = `create function ${signature} returns ${returns.replace(/^SETOF/, 'setof')} language sql stable${rights}${path}\n  as $$ ${body} $$;`;
  if (callers.has('public')) return [create];
  const given = platform === 'supabase' ? ['anon', 'authenticated'].filter(role => !callers.has(role)) : [];
  const named = [...callers].filter(role => role !== owner).toSorted();
  return [
    create,
    `revoke execute on function ${signature} from ${['public', ...given].join(', ')};`,
    ...(named.length === 0 ? [] : [`grant execute on function ${signature} to ${named.map(quoteName).join(', ')};`]),
  ];
}

/** An index for each column by which the policies of the table find rows. */
function withIndexes(table: Table, database: DatabaseModel, tenancy: TenancyModel): Form | undefined {
  const missing = columnsWithoutIndex(table.policies, database, tenancy);
  if (missing.length === 0) return undefined;
  return {
    statements: missing.map(each => `create index on ${quoteQualified(each.table.name)} (${quoteName(each.column)});`),
    database,
    rewrites: false,
  };
}
