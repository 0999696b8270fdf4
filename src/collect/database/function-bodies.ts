import { withoutComments } from '../../core/sql-text.ts';
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
        ? singleReturn(body)
        : undefined;
  return select === undefined ? undefined : { argumentNames, select };
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
