/** Titles and meta tags, as HTML and as flight data carry them (also inside inline scripts, where quotes are escaped). */
const patterns: readonly RegExp[] = [
  /<title\b[^>]*>[\s\S]*?<\/title>/gi,
  /<(?:meta|link)\b[^>]*>/gi,
  /\[\\?"\$\\?",\\?"(?:title|meta|link)\\?",(?:\\?"[^"\\]*\\?"|null),\{[^}]*\}/g,
];

/** What a page's metadata says, and nothing else of the answer. */
export function readMetadata(text: string): string {
  return patterns.flatMap(pattern => [...text.matchAll(pattern)].map(match => match[0])).join('\n');
}

/** The answer without its metadata. */
export function withoutMetadata(text: string): string {
  return patterns.reduce((current, pattern) => current.replace(pattern, ' '), text);
}
