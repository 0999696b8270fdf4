import type { ImportDeclaration } from 'oxc-parser';
import type { Edit } from '../../core/fix.ts';
import { isDirective } from './parsed-file.ts';
import type { ParsedFile } from './parsed-file.ts';

/** An edit; `shared` ones (imports, the look-up of the session) may be asked for by several fixes and are made once. */
export interface FixEdit extends Edit {
  readonly shared?: true;
}

/** A name to be imported. */
export interface ImportNeed {
  readonly name: string;
  readonly from: string;
  readonly isDefault?: boolean;
  /** `import 'x'`, for its effect only. */
  readonly bare?: boolean;
}

/** Collects the edits of one fix. */
export interface EditSet {
  insert(parsed: ParsedFile, at: number, text: string, shared?: 'shared'): void;
  replace(
    parsed: ParsedFile,
    span: { readonly start: number; readonly end: number },
    text: string,
    shared?: 'shared',
  ): void;
  /** Adds the import unless the file has it. */
  import(parsed: ParsedFile, need: ImportNeed): void;
  readonly edits: () => readonly FixEdit[];
}

/** An empty set of edits. */
export function createEditSet(): EditSet {
  const edits: FixEdit[] = [];
  const add = (edit: FixEdit) => {
    if (!edits.some(other => sameEdit(other, edit) && edit.shared === true)) edits.push(edit);
  };
  return {
    insert: (parsed, at, text, shared) =>
      add({ file: parsed.file, start: at, end: at, text, ...(shared === undefined ? {} : { shared: true as const }) }),
    replace: (parsed, span, text, shared) =>
      add({
        file: parsed.file,
        start: span.start,
        end: span.end,
        text,
        ...(shared === undefined ? {} : { shared: true as const }),
      }),
    import: (parsed, need) => {
      const edit = importEdit(parsed, need);
      if (edit !== undefined) add(edit);
    },
    edits: () => edits,
  };
}

/** How a file writes strings and ends statements. */
export function styleOf(parsed: ParsedFile): { readonly quote: string; readonly end: string } {
  const first = importsOf(parsed)[0];
  const quote = first === undefined ? "'" : (parsed.text[first.source.start] ?? "'");
  const sample = first ?? parsed.program.body.find(statement => statement.type === 'VariableDeclaration');
  const end = sample === undefined || parsed.text[sample.end - 1] === ';' ? ';' : '';
  return { quote, end };
}

/** The import declarations of a file, in order. */
export function importsOf(parsed: ParsedFile): readonly ImportDeclaration[] {
  return parsed.program.body.filter(statement => statement.type === 'ImportDeclaration');
}

/** Whether two edits say the same. */
export function sameEdit(left: Edit, right: Edit): boolean {
  return left.file === right.file && left.start === right.start && left.end === right.end && left.text === right.text;
}

function importEdit(parsed: ParsedFile, need: ImportNeed): FixEdit | undefined {
  const { quote, end } = styleOf(parsed);
  const imports = importsOf(parsed);
  const same = imports.filter(each => each.source.value === need.from && each.importKind !== 'type');
  if (need.bare === true) {
    return same.length > 0 ? undefined : newImport(parsed, `import ${quote}${need.from}${quote}${end}`, 'first');
  }
  const all = imports.flatMap(each => each.specifiers);
  if (all.some(specifier => specifier.local.name === need.name && !isTypeOnly(specifier))) return undefined;
  if (need.isDefault === true)
    return newImport(parsed, `import ${need.name} from ${quote}${need.from}${quote}${end}`, 'last');
  const target = same.find(each => each.specifiers.some(specifier => specifier.type === 'ImportSpecifier'));
  if (target === undefined)
    return newImport(parsed, `import { ${need.name} } from ${quote}${need.from}${quote}${end}`, 'last');
  const named = target.specifiers.filter(specifier => specifier.type === 'ImportSpecifier');
  const next = named.find(specifier => specifier.local.name.localeCompare(need.name, 'en') > 0);
  const last = named.at(-1);
  if (next !== undefined)
    return { file: parsed.file, start: next.start, end: next.start, text: `${need.name}, `, shared: true };
  return last === undefined
    ? undefined
    : { file: parsed.file, start: last.end, end: last.end, text: `, ${need.name}`, shared: true };
}

function isTypeOnly(specifier: ImportDeclaration['specifiers'][number]): boolean {
  return specifier.type === 'ImportSpecifier' && specifier.importKind === 'type';
}

// Where a file keeps its imports in order, packages before its own, a new one goes to its place.
function laterImport(imports: readonly ImportDeclaration[], line: string): ImportDeclaration | undefined {
  const key = (source: string) => `${/^(?:\.|@\/|~)/.test(source) ? 1 : 0}${source}`;
  const keys = imports.map(each => key(each.source.value));
  if (keys.some((each, index) => index > 0 && each < (keys[index - 1] ?? ''))) return undefined;
  const own = key(/['"]([^'"]+)['"]/.exec(line)?.[1] ?? '');
  return imports.find(each => key(each.source.value) > own);
}

function newImport(parsed: ParsedFile, line: string, where: 'first' | 'last'): FixEdit {
  const imports = importsOf(parsed);
  const later = where === 'first' ? undefined : laterImport(imports, line);
  if (later !== undefined)
    return { file: parsed.file, start: later.start, end: later.start, text: `${line}\n`, shared: true };
  const anchor = where === 'first' ? imports[0] : imports.at(-1);
  if (anchor !== undefined) {
    return where === 'first'
      ? { file: parsed.file, start: anchor.start, end: anchor.start, text: `${line}\n`, shared: true }
      : { file: parsed.file, start: anchor.end, end: anchor.end, text: `\n${line}`, shared: true };
  }
  const directive = parsed.program.body.filter(statement => isDirective(statement)).at(-1);
  return directive === undefined
    ? { file: parsed.file, start: 0, end: 0, text: `${line}\n\n`, shared: true }
    : { file: parsed.file, start: directive.end, end: directive.end, text: `\n\n${line}`, shared: true };
}
