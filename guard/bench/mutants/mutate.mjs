// Finds every tenant predicate of a source text and puts a switch around it, so that one build holds all mutants.
import ts from './typescript.mjs';

/** The text with a switch around each predicate, and what was found. `name` is the file's, for reports. */
export function withSwitches(text, name, first) {
  const found = predicatesIn(text, name);
  const mutants = found.map(({ kind, line, start, end }, index) => {
    const shown = text.slice(start, end).replaceAll(/\s+/g, ' ').slice(0, 90);
    return { id: first + index, kind, place: `${name}:${line}`, text: shown };
  });
  const edits = found.flatMap(({ kind, start, end, neutral }, index) => {
    const begin = `globalThis.__mutant(${first + index}, () => `;
    return kind === 'raw SQL'
      ? [
          [start, `\${${begin}sql\``],
          [end, '`, globalThis.__always)}'],
        ]
      : [
          [start, `${begin}(`],
          [end, `), ${neutral})`],
        ];
  });
  return { text: applied(text, edits), mutants };
}

/** The text without any of its predicates. */
export function withoutPredicates(text, name) {
  const found = predicatesIn(text, name);
  return found
    .filter(one => !found.some(other => other !== one && other.start <= one.start && one.end <= other.end))
    .toSorted((left, right) => right.start - left.start)
    .reduce((changed, { kind, start, end, neutral }) => {
      const instead = kind === 'raw SQL' ? 'true' : kind === 'predicate' ? 'undefined' : neutral;
      return changed.slice(0, start) + instead + changed.slice(end);
    }, text);
}

function predicatesIn(text, name) {
  const file = ts.createSourceFile(
    name,
    text,
    ts.ScriptTarget.Latest,
    true,
    name.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const lineOf = at => file.getLineAndCharacterOfPosition(at).line + 1;
  const found = [];
  const visit = node => {
    const [kind, neutral] = kindOf(node) ?? [];
    const start = node.getStart();
    if (kind !== undefined) found.push({ kind, neutral, line: lineOf(start), start, end: node.getEnd() });
    ts.forEachChild(node, visit);
  };
  visit(file);
  const raw = rawPredicates(file).map(span => ({ ...span, kind: 'raw SQL', line: lineOf(span.start) }));
  return [...found, ...raw];
}

/** `eq(t.organizationId, …)` in a query, a comparison of a row's owner in code, and a question for a membership. */
function kindOf(node) {
  if (ts.isCallExpression(node)) {
    const callee = node.expression.getText();
    if (callee === 'eq' && node.arguments.some(isOwner)) return ['predicate', 'globalThis.__always'];
    if (callee === 'isMember') return ['membership', 'Promise.resolve(true)'];
    if (callee === 'canEditUpload') return ['membership', 'Promise.resolve(true)'];
    if (/^assert(?:Member|OrderAccess)$/.test(callee)) return ['membership', 'Promise.resolve()'];
    if (callee.endsWith('allowed.includes')) return ['membership', 'true'];
  }
  if (ts.isBinaryExpression(node) && [node.left, node.right].every(isOwner)) {
    const operator = node.operatorToken.kind;
    if (operator === ts.SyntaxKind.ExclamationEqualsEqualsToken) return ['comparison', 'false'];
    if (operator === ts.SyntaxKind.EqualsEqualsEqualsToken) return ['comparison', 'true'];
  }
  return undefined;
}

function isOwner(node) {
  return ts.isPropertyAccessExpression(node) && /^(?:organizationId|userId)$/.test(node.name.text);
}

/** `organization_id = ${…}` inside of a tagged template. */
function rawPredicates(file) {
  const spans = [];
  const visit = node => {
    if (
      ts.isTaggedTemplateExpression(node) &&
      ts.isTemplateExpression(node.template) &&
      node.tag.getText().startsWith('sql')
    )
      for (const match of node.template.getText().matchAll(/(?:\w+\.)?organization_id = \$\{[^}]*\}/g))
        spans.push({
          start: node.template.getStart() + match.index,
          end: node.template.getStart() + match.index + match[0].length,
        });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return spans;
}

function applied(text, edits) {
  return [...edits]
    .toSorted((left, right) => right[0] - left[0])
    .reduce((changed, [at, insert]) => changed.slice(0, at) + insert + changed.slice(at), text);
}
