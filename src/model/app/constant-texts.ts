import { constant, type Value } from './value.ts';

type Known = string | number | boolean | null | undefined;

const onTexts: Readonly<Record<string, (text: string, first: string, second: Known) => string | number | boolean>> = {
  startsWith: (text, first) => text.startsWith(first),
  endsWith: (text, first) => text.endsWith(first),
  includes: (text, first) => text.includes(first),
  indexOf: (text, first) => text.indexOf(first),
  lastIndexOf: (text, first) => text.lastIndexOf(first),
};

const onPositions: Readonly<Record<string, (text: string, first: number, second: number | undefined) => string>> = {
  slice: (text, first, second) => text.slice(first, second),
  substring: (text, first, second) => text.substring(first, second),
  charAt: (text, first) => text.charAt(first),
};

/** What a method of a text gives when everything is known: names of files and of models, while a program loads. */
export function constantMethod(text: Known, name: string, values: readonly Value[]): Value | undefined {
  if (typeof text !== 'string') return undefined;
  const [first, second] = values.map(value => (value.kind === 'constant' ? value.value : null));
  if (name === 'test' && typeof first === 'string') return patternTest(text, first);
  if (typeof first === 'string' && !isPattern(first) && !isPattern(text)) {
    if (name === 'replace' && typeof second === 'string') return constant(text.replace(first, () => second));
    const known = onTexts[name];
    return known === undefined || values.length > 1 ? undefined : constant(known(text, first, second));
  }
  const known = onPositions[name];
  if (known === undefined || typeof first !== 'number' || second === null || typeof second === 'string')
    return undefined;
  return constant(known(text, first, typeof second === 'number' ? second : undefined));
}

/** A regular expression is kept as its text, without flags: what it says with any of them is known. */
function patternTest(pattern: string, text: string): Value | undefined {
  // A pattern that could take long is not tried.
  if (!isPattern(pattern) || /[)\]}*+?][*+{]/.test(pattern) || text.length > 200) return undefined;
  try {
    const answers = ['', 'i', 'u', 'iu'].map(flags => new RegExp(pattern.slice(1, -1), flags).test(text));
    return answers.every(answer => answer === answers[0]) ? constant(answers[0]) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a text may be how a regular expression is kept. */
export function isPattern(text: string): boolean {
  return text.length > 2 && text.startsWith('/') && text.endsWith('/');
}
