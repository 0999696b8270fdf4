import { redact } from '../../core/redact.ts';
import { withoutControls } from '../controls.ts';

/** HTML that is safe to place: made by `markup` alone, which escapes everything that is not markup itself. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What can stand in a hole of `markup`: text is redacted and escaped, markup placed, absence leaves nothing. */
export type Content = string | number | Markup | undefined | false | readonly Content[];

/**
 * The only way to make markup. A report shows what an untrusted app answered, so text must be harmless by
 * construction, not by care.
 */
export function markup(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  let text = strings[0] ?? '';
  for (const [index, content] of contents.entries()) text += place(content) + (strings[index + 1] ?? '');
  return new Markup(text);
}

function place(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escapeHtml(redact(content));
  return content.map(place).join('');
}

/** A text with everything escaped that means something in HTML, in an element as well as in a quoted attribute. */
export function escapeHtml(text: string): string {
  return withoutControls(text.replaceAll('\r\n', '\n'), '\ufffd').replace(
    /[&<>"'`]/g,
    character => entities.get(character) ?? character,
  );
}

const entities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
  ['`', '&#96;'],
]);

/** An id made from a text of the target: the same text gives the same id, in characters that a link can hold. */
export function idOf(prefix: string, text: string): string {
  return `${prefix}-${text.replace(/[^A-Za-z0-9_-]/g, character => `.${(character.codePointAt(0) ?? 0).toString(16)}.`)}`;
}
