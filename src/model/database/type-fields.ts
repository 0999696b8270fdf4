/** A field of an object type, in the text of a file. */
export interface Field {
  readonly name: string;
  /** Offset of the brace that opens its type; absent for any other type. */
  readonly open: number | undefined;
  readonly type: string;
  readonly at: number;
}

/** The fields of the object type that opens at an offset. */
export function fieldsIn(text: string, open: number): readonly Field[] {
  const fields: Field[] = [];
  let index = open + 1;
  while (index < text.length) {
    const start = /(?:[\s;,]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*(?:readonly\s+)?(?:"([^"]+)"|'([^']+)'|(\w+))\??:\s*/y;
    start.lastIndex = index;
    const found = start.exec(text);
    if (found === null) break;
    const at = start.lastIndex;
    const end = endOfType(text, at);
    fields.push({
      name: found[1] ?? found[2] ?? found[3] ?? '',
      open: text[at] === '{' ? at : undefined,
      type: text.slice(at, end).trim(),
      at,
    });
    index = end;
  }
  return fields;
}

/** The end of a type: a line break, comma, semicolon or brace at its own depth. */
function endOfType(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if ('{[(<'.includes(character)) depth += 1;
    else if ('}])>'.includes(character)) {
      if (depth === 0) return index;
      depth -= 1;
    } else if (depth === 0 && ';,'.includes(character)) return index;
    // A union goes on over lines: the next begins with its bar.
    else if (
      depth === 0 &&
      character === '\n' &&
      !/^\s*\|/.test(text.slice(index, index + 80)) &&
      !/[|:]\s*$/.test(text.slice(start, index))
    )
      return index;
  }
  return text.length;
}
