/** A text without characters that steer a terminal or turn the reading direction, each replaced; tabs and line breaks stay. */
export function withoutControls(text: string, replacement: string): string {
  let kept = '';
  for (const character of text) kept += isControl(character.codePointAt(0) ?? 0) ? replacement : character;
  return kept;
}

function isControl(code: number): boolean {
  if (code === 0x09 || code === 0x0a) return false;
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || isDirection(code);
}

/** Marks, embeddings, overrides and isolates of the bidirectional algorithm: they show code as what it is not. */
function isDirection(code: number): boolean {
  return code === 0x200e || code === 0x200f || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}
