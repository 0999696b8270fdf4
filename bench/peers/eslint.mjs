// ESLint with its security plugins, every rule on: prints `file line rule` for each report. usage: eslint.mjs <folder>
import { ESLint } from 'eslint';
import parser from '@typescript-eslint/parser';
import drizzle from 'eslint-plugin-drizzle';
import secrets from 'eslint-plugin-no-secrets';
import unsanitized from 'eslint-plugin-no-unsanitized';
import security from 'eslint-plugin-security';

const [folder = '.'] = process.argv.slice(2);
const plugins = { security, 'no-unsanitized': unsanitized, 'no-secrets': secrets, drizzle };
const rules = Object.fromEntries(
  Object.entries(plugins).flatMap(([name, plugin]) =>
    Object.keys(plugin.rules ?? {})
      .filter(rule => name !== 'no-secrets' || rule === 'no-secrets')
      .map(rule => [`${name}/${rule}`, 'error']),
  ),
);
const eslint = new ESLint({
  cwd: folder,
  overrideConfigFile: true,
  allowInlineConfig: false,
  errorOnUnmatchedPattern: false,
  overrideConfig: [
    {
      files: ['**/*.{js,jsx,ts,tsx,mjs,mts,cjs,cts}'],
      languageOptions: { parser, parserOptions: { ecmaFeatures: { jsx: true } } },
      plugins,
      rules,
    },
  ],
});
for (const { filePath, messages } of await eslint.lintFiles(['**/*.{js,jsx,ts,tsx,mjs,mts,cjs,cts}'])) {
  for (const { line, endLine, ruleId } of messages)
    if (ruleId !== null)
      process.stdout.write(`${JSON.stringify({ file: filePath, line, endLine: endLine ?? line, rule: ruleId })}\n`);
}
