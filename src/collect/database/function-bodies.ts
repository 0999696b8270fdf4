import { withoutComments } from '../../core/sql-text.ts';
import { branchesOfCase, branchesOfIf, parsePlpgsql, queryOf, type PlpgsqlBranch } from '../../logic/plpgsql-tree.ts';
import { list, unwrap, record } from '../../logic/sql-tree.ts';
import type { DatabaseFunction } from '../../model/database/types.ts';

/** A function as one `select`, as far as it can be read as one. */
export interface InlineBody {
  readonly argumentNames: readonly string[];
  readonly select: string;
}

/** Reads the body of a function that is one `select`, or one `return`; undefined when it does more than that. */
export function inlineBody(definition: DatabaseFunction): InlineBody | undefined {
  const argumentNames = definition.arguments.map((argument, index) => argument.name || `argument_${index + 1}`);
  const body = withNamedArguments(withoutComments(definition.body), argumentNames);
  const select =
    definition.language === 'sql'
      ? singleSelect(body)
      : definition.language === 'plpgsql'
        ? (singleReturn(body) ?? returnsByCase({ ...definition, body }))
        : undefined;
  return select === undefined ? undefined : { argumentNames, select };
}

/** More text than this says nothing that could be followed. */
const longestCase = 8000;

/** `if … then return …; elsif … end if; return …;` as one `case`, where nothing else is done and nothing is kept in variables. */
function returnsByCase(definition: DatabaseFunction): string | undefined {
  // Of other answers it would be a value, and those are compared by what they are called.
  const parsed = definition.returns === 'boolean' ? parsePlpgsql(definition) : undefined;
  // After the arguments stand `found` and what `case` compares.
  const variables = parsed?.datums.slice(definition.arguments.length + 1).filter(datum => {
    const [, { refname }] = unwrap(record(datum));
    return !String(refname).startsWith('__Case__Variable_');
  });
  if (parsed === undefined || variables?.length !== 0 || parsed.block['exceptions'] !== undefined) return undefined;
  const value = valueOfStatements(list(parsed.block['body']));
  return value === undefined || value.length > longestCase ? undefined : `select ${value}`;
}

/** What the statements return; null for an error, after which no row is reached either. */
function valueOfStatements(statements: readonly unknown[]): string | undefined {
  const [first, ...rest] = statements;
  if (first === undefined) return 'null';
  const [kind, body] = unwrap(record(first));
  switch (kind) {
    case 'PLpgSQL_stmt_return': {
      const query = queryOf(body['expr']);
      return query === '' ? undefined : `(${query})`;
    }
    case 'PLpgSQL_stmt_raise':
      return Number(body['elog_level'] ?? 21) >= 21 ? 'null' : valueOfStatements(rest);
    case 'PLpgSQL_stmt_if':
      return valueOfBranches(branchesOfIf(body), rest);
    case 'PLpgSQL_stmt_case':
      return valueOfBranches(branchesOfCase(body), rest);
    default:
      return undefined;
  }
}

function valueOfBranches(branches: readonly PlpgsqlBranch[], rest: readonly unknown[]): string | undefined {
  const values = branches.map(({ condition, statements }) => {
    const value = valueOfStatements([...statements, ...rest]);
    return value === undefined || value.length > longestCase
      ? undefined
      : condition === undefined
        ? `else ${value}`
        : `when ${condition} then ${value}`;
  });
  return values.includes(undefined) ? undefined : `case ${values.join(' ')} end`;
}

/** `$1` is the first argument, whatever its name. */
function withNamedArguments(body: string, names: readonly string[]): string {
  return body.replace(/\$(\d+)\b/g, (whole, position: string) => names[Number(position) - 1] ?? whole);
}

function singleSelect(body: string): string | undefined {
  const text = body.trim().replace(/;\s*$/, '');
  if (/^return\b/i.test(text)) return `select ${text.slice('return'.length)}`; // SQL-standard bodies
  return /^(select|with)\b/i.test(text) && !text.includes(';') ? text : undefined;
}

const returned = /^(?:declare\b[\s\S]*?)?\bbegin\b\s+return\s+(query\s+)?([^;]+);\s*end\s*;?$/i;
const selectedInto =
  /^declare\b[\s\S]*?\bbegin\b\s+(select\b[^;]*?)\binto\s+(?:strict\s+)?(\w+)\b([^;]*);\s*return\s+(?:coalesce\s*\(\s*)?(\w+)\s*(?:,\s*false\s*\))?\s*;\s*end\s*;?$/i;

/** `begin return …; end` and `begin select … into v …; return v; end`. */
function singleReturn(body: string): string | undefined {
  const text = body.trim();
  const direct = returned.exec(text);
  if (direct !== null) return direct[1] === undefined ? `select ${direct[2] ?? ''}` : direct[2];
  const into = selectedInto.exec(text);
  return into !== null && into[2] === into[4] ? `${into[1] ?? ''} ${into[3] ?? ''}` : undefined;
}
