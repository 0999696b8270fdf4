import { styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { boundNames } from './session.ts';

const ahead = new Set(['revalidate', 'dynamicParams', 'generateStaticParams']);

/** Whether a page says that it is rendered before anybody asks; reading the session there fails at run time. */
export function isRenderedAhead(parsed: ParsedFile): boolean {
  return exportedNames(parsed).some(
    ({ names, text }) =>
      names.some(name => ahead.has(name)) || (names.includes('dynamic') && /force-static|error/.test(text)),
  );
}

/** Writes `export const dynamic = 'force-dynamic'` in place of what had the page rendered ahead. */
export function makeDynamic(edits: EditSet, parsed: ParsedFile): void {
  const { quote, end } = styleOf(parsed);
  let written = false;
  for (const statement of parsed.program.body) {
    if (statement.type !== 'ExportNamedDeclaration' || statement.declaration === null) continue;
    const { declaration } = statement;
    const names =
      declaration.type === 'VariableDeclaration'
        ? declaration.declarations.flatMap(each => boundNames(each.id))
        : declaration.type === 'FunctionDeclaration'
          ? [declaration.id?.name ?? '']
          : [];
    if (
      names.includes('revalidate') ||
      names.includes('dynamic') ||
      names.includes('dynamicParams') ||
      names.includes('generateStaticParams')
    ) {
      const line = written ? '' : `export const dynamic = ${quote}force-dynamic${quote}${end}`;
      const after = written ? (/^\s*?\n(?:[ \t]*\n)?/.exec(parsed.text.slice(statement.end))?.[0].length ?? 0) : 0;
      edits.replace(parsed, { start: statement.start, end: statement.end + after }, line, 'shared');
      written = true;
    }
  }
  if (written) return;
  const last = parsed.program.body.filter(statement => statement.type === 'ImportDeclaration').at(-1);
  edits.insert(parsed, last?.end ?? 0, `\n\nexport const dynamic = ${quote}force-dynamic${quote}${end}`, 'shared');
}

function exportedNames(parsed: ParsedFile): readonly { readonly names: readonly string[]; readonly text: string }[] {
  return parsed.program.body.flatMap(statement => {
    if (statement.type !== 'ExportNamedDeclaration' || statement.declaration === null) return [];
    const { declaration } = statement;
    const text = parsed.text.slice(statement.start, statement.end);
    if (declaration.type === 'FunctionDeclaration') return [{ names: [declaration.id?.name ?? ''], text }];
    return declaration.type === 'VariableDeclaration'
      ? [{ names: declaration.declarations.flatMap(each => boundNames(each.id)), text }]
      : [];
  });
}
