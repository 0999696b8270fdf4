// Finds every tenant predicate of a source text and puts a switch around it, so that one build holds all mutants.
import ts from './typescript.mjs';

/** The text with a switch around each predicate, and what was found. `name` is the file's, for reports. */
export function withSwitches(text, name, first) {
  const file = ts.createSourceFile(
    name,
    text,
    ts.ScriptTarget.Latest,
    true,
    name.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const mutants = [];
  const edits = [];
  const add = (node, kind, neutral) => {
    const id = first + mutants.length;
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    mutants.push({ id, kind, place: `${name}:${line + 1}`, text: node.getText().replaceAll(/\s+/g, ' ').slice(0, 90) });
    edits.push([node.getStart(), `globalThis.__mutant(${id}, () => (`], [node.getEnd(), `), ${neutral})`]);
  };
  const visit = node => {
    const found = kindOf(node);
    if (found !== undefined) add(node, ...found);
    ts.forEachChild(node, visit);
  };
  visit(file);
  for (const span of rawPredicates(file)) {
    const id = first + mutants.length;
    const { line } = file.getLineAndCharacterOfPosition(span.start);
    mutants.push({ id, kind: 'raw SQL', place: `${name}:${line + 1}`, text: text.slice(span.start, span.end) });
    edits.push([span.start, `\${globalThis.__mutant(${id}, () => sql\``], [span.end, `\`, globalThis.__always)}`]);
  }
  return { text: applied(text, edits), mutants };
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
