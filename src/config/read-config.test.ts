import { describe, expect, test } from 'vitest';
import { DrydockError } from '../core/error.ts';
import { defineConfig } from './define.ts';
import { readConfig } from './read-config.ts';

function problem(text: string, file = 'drydock.config.ts'): string {
  try {
    readConfig(file, text);
  } catch (thrown) {
    if (thrown instanceof DrydockError) return thrown.message;
    throw thrown;
  }
  return 'none';
}

describe('a configuration', () => {
  test('is read without being run', () => {
    const config = readConfig(
      'drydock.config.ts',
      `import { defineConfig } from 'drydock';
       import { missing } from './not-there';
       throw new Error('never runs');
       const reason = 'share links';
       export default defineConfig({
         guards: {
           'lib/auth.ts#requireTeam': { member: 'arguments[0].teamId', when: 'result.ok' },
           'lib/auth.ts#Auth.admin': { role: ['owner', 'admin'], of: 'arguments[1]' },
         },
         principals: { 'lib/auth.ts#session': { user: 'result.user.id', tenant: 'result.orgId', always: true } },
         public: { entries: { 'GET /share/[id]': reason }, tables: { plans: \`the price list\` } },
         tenancy: { root: 'teams', owners: { comments: 'note_id -> notes.id', files: 'team_id' }, secretColumns: { users: ['pin'] } },
         ignore: ['scripts', 'apps/old/**'],
       } as const);`,
    );
    expect(config.guards.map(each => each.value)).toEqual([
      { signedIn: false, member: { of: 0, fields: ['teamId'] }, role: undefined, system: false, when: ['ok'] },
      {
        signedIn: false,
        member: undefined,
        role: { roles: ['owner', 'admin'], of: { of: 1, fields: [] } },
        system: false,
        when: undefined,
      },
    ]);
    expect(config.principals[0]?.value).toEqual({
      attributes: [
        { attribute: 'user.id', fields: ['user', 'id'] },
        { attribute: 'tenant.id', fields: ['orgId'] },
      ],
      always: true,
    });
    expect(config.publicEntries).toMatchObject([
      { name: 'GET /share/[id]', value: 'share links', place: { line: 11 } },
    ]);
    expect(config.publicTables).toMatchObject([{ name: 'plans', value: 'the price list' }]);
    expect(config.tenancy.owners.map(each => each.value)).toEqual([
      { column: 'note_id', to: { table: 'notes', column: 'id' } },
      { column: 'team_id', to: undefined },
    ]);
    expect(config.ignore.map(each => each.value)).toEqual(['scripts', 'apps/old/**']);
  });

  test('may be JSON with comments', () => {
    const config = readConfig('drydock.config.json', '{ // declared\n "public": { "tables": { "plans": "prices" } } }');
    expect(config.publicTables).toMatchObject([{ name: 'plans', place: { file: 'drydock.config.json', line: 2 } }]);
  });

  test('may say nothing', () => {
    expect(problem('export default {}')).toBe('none');
    expect(defineConfig({})).toEqual({});
  });
});

describe('what cannot be used is told with its line', () => {
  test.each([
    [
      'a value that is not written out',
      'export default {\n  ignore: process.env.SKIP,\n}',
      'drydock.config.ts:2: This value is not known without running the file.',
    ],
    [
      'a spread',
      'const base = {};\nexport default { ...base }',
      'drydock.config.ts:2: A spread is not known without running the file.',
    ],
    [
      'a call',
      'export default { ignore: folders() }',
      'drydock.config.ts:1: The result of a call is not known without running the file.',
    ],
    [
      'an unknown word',
      'export default {\n  guard: {} }',
      "drydock.config.ts:2: 'guard' means nothing here. Did you mean 'guards'?",
    ],
    [
      'a name that is no function',
      'export default { guards: { requireTeam: { signedIn: true } } }',
      "drydock.config.ts:1: 'requireTeam' names no function.",
    ],
    [
      'a guard that establishes nothing',
      "export default { guards: { 'lib/a.ts#b': {} } }",
      "drydock.config.ts:1: 'lib/a.ts#b' is declared to establish nothing.",
    ],
    [
      'a place that is none',
      "export default { guards: { 'lib/a.ts#b': { member: 'teamId' } } }",
      "drydock.config.ts:1: 'teamId' is no value of a call.",
    ],
    [
      'a missing reason',
      "export default { public: { tables: { plans: '' } } }",
      'drydock.config.ts:1: A reason belongs here: say in a few words why everybody may.',
    ],
    [
      'a principal from an argument',
      "export default { principals: { 'lib/a.ts#b': { user: 'arguments[0]' } } }",
      "drydock.config.ts:1: 'user' stands in the result: write 'result.…'.",
    ],
    [
      'a way that is none',
      "export default { tenancy: { owners: { notes: 'a -> b' } } }",
      "drydock.config.ts:1: 'a -> b' is no way to a tenant.",
    ],
    ['no default export', 'export const config = {}', 'drydock.config.ts:1: There is no default export.'],
  ])('%s', (_, text, message) => {
    expect(problem(text)).toBe(message);
  });

  test('broken syntax', () => {
    expect(problem('export default {\n  guards: {{ }')).toMatch(/^drydock\.config\.ts:\d: The file cannot be read/);
    expect(problem('{ "public": ', 'drydock.config.json')).toMatch(/^drydock\.config\.json:\d: This is no JSON/);
  });
});
