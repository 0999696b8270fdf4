import { describe, expect, test } from 'vitest';

import { show, traceApp } from './fixtures/inline-app.ts';

const store = {
  'store/client.js': `
    const { drizzle } = require('drizzle-orm/node-postgres');
    const { Pool } = require('pg');
    const schema = require('../lib/schema');
    module.exports.db = drizzle(new Pool({ connectionString: process.env.DATABASE_URL }), { schema });`,
  'store/notes.js': `
    const { and, eq } = require('drizzle-orm');
    const { db } = require('./client');
    const { notes } = require('../lib/schema');
    async function noteOfTeam(id, teamId) {
      const [note] = await db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, teamId)));
      return note;
    }
    const anyNote = async id => (await db.select().from(notes).where(eq(notes.id, id)))[0];
    module.exports = { noteOfTeam, find: anyNote };`,
};

function wheres(handler: string, more: Readonly<Record<string, string>> = {}, ending = 'js'): readonly string[] {
  const { queries } = traceApp({ ...store, ...more, [`pages/api/notes/[id].${ending}`]: handler });
  return queries.filter(path => path.query.table === 'notes').map(path => show(path.query.where));
}

const own = '(self.id = client query.id and self.team_id = ‹tenant.id›)';
const any = 'self.id = client query.id';

describe('handlers that are exported by assigning', () => {
  test('are entry points, and what they require is followed', () => {
    expect(
      wheres(`
        const { requireUser } = require('../../../lib/session');
        const { noteOfTeam } = require('../../../store/notes');
        module.exports = async (req, res) => { const user = await requireUser(); res.json(await noteOfTeam(req.query.id, user.teamId)); };`),
    ).toEqual([own]);
    expect(
      wheres(`
        const notes = require('../../../store/notes');
        module.exports = async function handler(req, res) { res.json(await notes.find(req.query.id)); };`),
    ).toEqual([any]);
    expect(
      wheres(
        `exports.default = async (req, res) => res.json(await require('../../../store/notes').find(req.query.id));`,
      ),
    ).toEqual([any]);
  });

  test('may be wrapped by what another module puts on its exports', () => {
    const more = {
      'store/guard.js': `
        const { requireUser } = require('../lib/session');
        exports.currentUser = async () => requireUser();
        module.exports.guarded = handler => async (req, res) => { req.user = await exports.currentUser(); return handler(req, res); };`,
    };
    const handler = (id: string): string => `
      const { guarded } = require('../../../store/guard');
      const { noteOfTeam } = require('../../../store/notes');
      module.exports = guarded(async (req, res) => res.json(await noteOfTeam(req.query.id, ${id})));`;
    expect(wheres(handler('req.user.teamId'), more)).toEqual([own]);
    expect(wheres(handler('req.query.teamId'), more)).toEqual([
      '(self.id = client query.id and self.team_id = client query.teamId)',
    ]);
  });

  test('of the App Router are found by their names', () => {
    const { entryPoints, queries } = traceApp({
      ...store,
      'app/api/any/[id]/route.js': `
        const notes = require('../../../../store/notes');
        exports.GET = async (request, { params }) => Response.json(await notes.find((await params).id));
        module.exports.dynamic = 'force-dynamic';`,
    });
    expect(entryPoints.map(point => point.name)).toEqual(['GET /api/any/[id]']);
    expect(queries.map(path => show(path.query.where))).toEqual(['self.id = client params.id']);
  });
});

describe('modules of both kinds', () => {
  test('see each other’s exports', () => {
    const handler = `
      import notes, { find } from '../../../store/notes';
      import * as all from '../../../store/notes';
      export default async function handler(req, res) {
        res.json([await find(req.query.id), await notes.find(req.query.other), await all.find(req.query.third)]);
      }`;
    expect(wheres(handler)).toEqual(['self.id = client query.other', any, 'self.id = client query.third']);
    expect(
      wheres(
        `const last = require('../../../store/last').default; module.exports = async (req, res) => res.json(await last(req.query.id));`,
        { 'store/last.ts': `import { find } from './notes'; export default async (id: string) => find(id);` },
      ),
    ).toEqual([any]);
  });

  test('in TypeScript export and import with an equals sign', () => {
    const more = {
      'store/legacy.cts': `
        import notes = require('./notes');
        async function load(id: string) { return notes.find(id); }
        export = { load };`,
    };
    const handler = `
      import legacy = require('../../../store/legacy');
      export default async function handler(req, res) { res.json(await legacy.load(req.query.id)); }`;
    expect(wheres(handler, more, 'ts')).toEqual([any]);
  });

  test('may require each other in a circle', () => {
    const more = {
      'store/a.js': `const b = require('./b'); exports.load = id => b.read(id); exports.find = require('./notes').find;`,
      'store/b.js': `const a = require('./a'); module.exports = { read: id => a.find(id) };`,
    };
    expect(
      wheres(
        `const a = require('../../../store/a'); module.exports = async (req, res) => res.json(await a.load(req.query.id));`,
        more,
      ),
    ).toEqual([any]);
  });

  test('that require what is computed are followed where the computation is known, and are a gap in the path where not', () => {
    const handler = (path: string): string => `
      const path = require('node:path');
      const notes = require(${path});
      module.exports = async (req, res) => res.json(await notes.find(req.query.id));`;
    expect(wheres(handler(`path.join(__dirname, '../../../store', 'notes.js')`))).toEqual([any]);
    expect(wheres(handler(`process.env.STORE`))).toEqual([]);
  });

  test('may choose what they export', () => {
    const more = {
      'store/chosen.js': `
        const notes = require('./notes');
        if (process.env.STRICT) module.exports = { find: id => notes.noteOfTeam(id, 'one') };
        else module.exports = { find: id => notes.find(id) };`,
    };
    expect(
      wheres(
        `const { find } = require('../../../store/chosen'); module.exports = async (req, res) => res.json(await find(req.query.id));`,
        more,
      ).toSorted(),
    ).toEqual(['(self.id = client query.id and self.team_id = "one")', any]);
  });

  test('with a function of their own of that name require nothing', () => {
    expect(
      wheres(`
        const require = name => ({ find: async id => name + id });
        module.exports = async (req, res) => res.json(await require('../../../store/notes').find(req.query.id));`),
    ).toEqual([]);
  });
});

describe('what a module does while it loads', () => {
  test('is done for each file of a folder', () => {
    const files = {
      'store/all/index.js': `
        const fs = require('fs'); const path = require('path'); const self = path.basename(__filename); const all = {};
        fs.readdirSync(__dirname).filter(file => file.indexOf('.') !== 0 && file !== self && file.slice(-3) === '.js').forEach(file => {
          const made = require(path.join(__dirname, file))(require('../notes'));
          all[made.name] = made;
        });
        module.exports = all;`,
      'store/all/strict.js': `module.exports = notes => ({ name: 'strict', find: id => notes.noteOfTeam(id, 'one') });`,
      'store/all/open.js': `module.exports = notes => ({ name: 'open', find: id => notes.find(id) });`,
    };
    const handler = (name: string): string =>
      `const { ${name} } = require('../../../store/all'); module.exports = async (req, res) => res.json(await ${name}.find(req.query.id));`;
    expect(wheres(handler('strict'), files)).toEqual(['(self.id = client query.id and self.team_id = "one")']);
    expect(wheres(handler('open'), files)).toEqual([any]);
  });

  test('is done for each name in a list', () => {
    const registry = {
      'store/registry.js': `
        const registry = {};
        ['one', 'two'].forEach(name => { registry[name] = id => require('./notes').noteOfTeam(id, name); });
        exports.of = name => registry[name];`,
    };
    expect(
      wheres(
        `const { of } = require('../../../store/registry'); module.exports = async (req, res) => res.json(await of('two')(req.query.id));`,
        registry,
      ),
    ).toEqual(['(self.id = client query.id and self.team_id = "two")']);
    const assigned = `const registry = {}; Object.assign(registry, { two: id => require('./notes').noteOfTeam(id, 'two') }); exports.of = name => registry[name];`;
    expect(
      wheres(
        `const { of } = require('../../../store/registry'); module.exports = async (req, res) => res.json(await of('two')(req.query.id));`,
        { 'store/registry.js': assigned },
      ),
    ).toEqual(['(self.id = client query.id and self.team_id = "two")']);
    const es = `import { noteOfTeam } from './notes'; const registry = {};
      for (const name of ['one', 'two']) registry[name] = id => noteOfTeam(id, name);
      export const of = name => registry[name];`;
    expect(
      wheres(
        `import { of } from '../../../store/registry'; export default async (req, res) => res.json(await of('two')(req.query.id));`,
        { 'store/registry.js': es },
      ),
    ).toEqual(['(self.id = client query.id and self.team_id = "two")']);
  });
});
