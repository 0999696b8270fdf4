import { expect, test } from 'vitest';
import { applyEdits, areCompatible } from './compose.ts';

const edit = (start: number, end: number, text: string, shared?: true) => ({
  file: 'a.ts',
  start,
  end,
  text,
  ...(shared === undefined ? {} : { shared }),
});

test('an import that two fixes ask for is made once, and names stand in order', () => {
  const edits = [edit(9, 9, 'eq, ', true), edit(9, 9, 'and, ', true), edit(9, 9, 'eq, ', true)];
  expect(applyEdits('a.ts', 'import { ilike } from "x";', edits)).toBe('import { and, eq, ilike } from "x";');
});

test('two new imports from one module become one statement', () => {
  const edits = [
    edit(0, 0, "import { eq } from 'drizzle-orm';\n", true),
    edit(0, 0, "import { and } from 'drizzle-orm';\n", true),
  ];
  expect(applyEdits('a.ts', 'x', edits)).toBe("import { and, eq } from 'drizzle-orm';\nx");
});

test('fixes that change the same place cannot be made together', () => {
  expect(areCompatible([edit(4, 8, 'a')], [edit(6, 9, 'b')])).toBe(false);
  expect(areCompatible([edit(4, 4, 'and(')], [edit(4, 4, 'and(')])).toBe(false);
});

test('fixes that share an edit, or touch different places, can', () => {
  expect(areCompatible([edit(4, 4, 'const s = 1;', true)], [edit(4, 4, 'const s = 1;', true)])).toBe(true);
  expect(areCompatible([edit(0, 2, 'a')], [edit(5, 6, 'b')])).toBe(true);
});
