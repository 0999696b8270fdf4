// npm run new-check <family> <id>: makes the folder of a check, ready to be filled.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './checks-on-disk.mjs';

const [family, id] = process.argv.slice(2);
const kebab = /^[a-z]+(-[a-z]+)*$/;
if (family === undefined || id === undefined || !kebab.test(family) || !kebab.test(id)) {
  process.stderr.write(
    'Usage: npm run new-check <family> <id>, both in kebab-case, e.g. npm run new-check path query-ignores-tenant\n',
  );
  process.exit(2);
}
const folder = join(root, 'src/checks', family, id);
if (existsSync(folder)) {
  process.stderr.write(`src/checks/${family}/${id} exists already.\n`);
  process.exit(2);
}

const title = id.charAt(0).toUpperCase() + id.slice(1).replaceAll('-', ' ');
const needs = family === 'database' ? 'database' : 'app';
const mark =
  needs === 'database'
    ? ['case.sql', `-- expect: ${family}/${id}\n`]
    : ['app/page.tsx', `// expect: ${family}/${id}\n`];
const headings = ['What it finds', 'Why it matters', 'How to repair', 'What it cannot see', 'References'];

for (const kind of ['bad', 'good', 'fixed']) {
  write(join('fixtures', kind, 'case', mark[0]), kind === 'bad' ? mark[1] : '');
}
write('README.md', [`# ${title}`, ...headings.map(heading => `## ${heading}`)].join('\n\n') + '\n');
write(
  'index.ts',
  `import type { Check } from '../../check.ts';

/** ${title}: say here what it is and whom it harms. */
export const check: Check = {
  id: '${family}/${id}',
  title: '${title}',
  severity: 'high',
  cwe: 639,
  needs: '${needs}',
  judge: () => ({ findings: [], gaps: [] }),
};
`,
);
process.stderr.write(`Made src/checks/${family}/${id}. Fill it, then run: npm run generate\n`);

function write(file, text) {
  const path = join(folder, file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}
