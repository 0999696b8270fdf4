import { describe, expect, test } from 'vitest';

import { notesSource, show, traceApp } from '../../fixtures/inline-app.ts';
import { databaseOfSequelize } from './operations.ts';

const models = `
  import { DataTypes, Model, Sequelize } from 'sequelize';
  export const sequelize = new Sequelize(process.env.DATABASE_URL, { define: { underscored: true } });
  export const Firm = sequelize.define('Firm', { id: { type: DataTypes.UUID, primaryKey: true }, slug: { type: DataTypes.STRING, unique: true } });
  export class Seat extends Model {}
  Seat.init({ userId: { type: DataTypes.UUID, allowNull: false, unique: 'one' }, firmId: { type: DataTypes.UUID, unique: 'one' } }, { sequelize, modelName: 'seat', timestamps: false });
  export class Bill extends Model {
    isOwnedBy(id: string) { return this.ownerId === id; }
  }
  Bill.init({ id: { type: DataTypes.UUID, primaryKey: true }, ownerId: DataTypes.UUID, sum: DataTypes.INTEGER, secret: DataTypes.TEXT },
    { sequelize, modelName: 'bill', tableName: 'bills', paranoid: true });
  Firm.hasMany(Seat, { foreignKey: 'firmId', as: 'seats' });
  Seat.belongsTo(Firm, { foreignKey: 'firmId' });
  Bill.belongsTo(Firm, { as: 'firm' });
  Firm.hasMany(Bill);`;

const files = {
  'package.json': JSON.stringify({
    name: 'bills',
    dependencies: { next: '16.0.0', sequelize: '6.37.0', 'better-auth': '1.7.0' },
  }),
  'app/page.tsx': `export default function Page() { return null; }`,
  'lib/models.ts': models,
};

function wheres(body: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const { queries } = traceApp({
    ...files,
    ...more,
    'app/api/bills/[id]/route.ts': `
      import { Op, literal } from 'sequelize';
      import { sequelize, Bill, Firm, Seat } from '@/lib/models'; import { requireUser } from '@/lib/session';
      export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; const user = await requireUser(); const body = await request.json();
        ${body} }`,
  });
  return queries.map(path => `${path.query.operation} ${path.query.table}: ${show(path.query.where)}`);
}

const own = 'self.owner_id = ‹user.id›';
const sent = 'self.id = client params.id';

describe('tables of models', () => {
  test('have the names, keys and columns that Sequelize would give them', () => {
    const tables = databaseOfSequelize(notesSource(files))?.tables ?? [];
    expect(tables.map(table => table.name).toSorted()).toEqual(['bills', 'firms', 'seats']);
    const bills = tables.find(table => table.name === 'bills');
    expect(bills?.columns.map(column => `${column.name} ${column.type}`)).toEqual([
      'id uuid',
      'owner_id uuid',
      'sum integer',
      'secret text',
      'created_at timestamp with time zone',
      'updated_at timestamp with time zone',
      'deleted_at timestamp with time zone',
      'firm_id uuid',
    ]);
    expect(
      bills?.foreignKeys.map(key => `${key.columns.join()} -> ${key.table}.${key.referencedColumns.join()}`),
    ).toEqual(['firm_id -> firms.id']);
    const seats = tables.find(table => table.name === 'seats');
    expect(seats?.uniqueKeys).toEqual([['id'], ['user_id', 'firm_id']]);
  });

  test('come from decorators too', () => {
    const source = notesSource({
      ...files,
      'package.json': JSON.stringify({
        name: 'bills',
        dependencies: { next: '16.0.0', 'sequelize-typescript': '2.1.6' },
      }),
      'lib/models.ts': `
        import { AllowNull, BelongsTo, Column, DataType, DefaultScope, ForeignKey, HasMany, Model, PrimaryKey, Table } from 'sequelize-typescript';
        @Table({ tableName: 'firm', timestamps: false }) export class Firm extends Model { @PrimaryKey @Column(DataType.UUID) id: string; @HasMany(() => Bill) bills: Bill[]; }
        @Table({ tableName: 'bill', timestamps: false }) export class Bill extends Model {
          @PrimaryKey @Column(DataType.UUID) id: string; @AllowNull(false) @Column sum: number;
          @ForeignKey(() => Firm) @Column firmId: string; @BelongsTo(() => Firm) firm: Firm; }`,
    });
    const bill = databaseOfSequelize(source)?.tables.find(table => table.name === 'bill');
    expect(bill?.columns.map(column => `${column.name} ${column.type}${column.notNull ? ' not null' : ''}`)).toEqual([
      'id uuid not null',
      'sum integer not null',
      'firmId text',
    ]);
    expect(bill?.foreignKeys).toMatchObject([{ columns: ['firmId'], table: 'firm', referencedColumns: ['id'] }]);
  });
});

test('models that are made for an instance are found without one', () => {
  const source = notesSource({
    ...files,
    'lib/models.ts': `
      import { DataTypes, Model, type Sequelize } from 'sequelize';
      export class Firm extends Model { static initModel(sequelize: Sequelize) { return Firm.init({ id: { type: DataTypes.UUID, primaryKey: true } }, { sequelize, tableName: 'firm', timestamps: false }); } }
      export class Bill extends Model { static initModel(sequelize: Sequelize) { return Bill.init({ id: { type: DataTypes.UUID, primaryKey: true }, firmId: DataTypes.UUID }, { sequelize, tableName: 'bill', timestamps: false }); } }`,
    'lib/init.ts': `
      import { Bill, Firm } from './models';
      export function initModels(sequelize) { Firm.initModel(sequelize); Bill.initModel(sequelize); Bill.belongsTo(Firm, { foreignKey: 'firmId' }); return { Firm, Bill }; }`,
  });
  const tables = databaseOfSequelize(source)?.tables ?? [];
  expect(tables.map(table => table.name)).toEqual(['firm', 'bill']);
  expect(tables[1]?.foreignKeys).toMatchObject([{ columns: ['firmId'], table: 'firm', referencedColumns: ['id'] }]);
});

describe('a model of Sequelize', () => {
  test('asks for what its where says', () => {
    expect(wheres(`return Response.json(await Bill.findOne({ where: { id, ownerId: user.id } }));`)).toEqual([
      `read bills: (${sent} and ${own})`,
    ]);
    expect(wheres(`return Response.json(await Bill.findByPk(id));`)).toEqual([`read bills: ${sent}`]);
    expect(
      wheres(
        `return Response.json(await Bill.findAll({ where: { [Op.or]: [{ id }, { ownerId: user.id }], sum: { [Op.gt]: 3 } } }));`,
      ),
    ).toEqual([
      `read bills: (${sent} or ${own} and self.sum > 3)`.replace('(', '((').replace(' and self.sum', ') and self.sum'),
    ]);
    expect(
      wheres(`return Response.json(await Bill.findAll({ where: { id: [id, 'x'], ownerId: { [Op.ne]: user.id } } }));`),
    ).toEqual([`read bills: ((${sent} or self.id = "x") and not ${own})`]);
    expect(
      wheres(
        `return Response.json(await Bill.count({ where: literal('owner_id = current_setting(\\'app.user\\')') }));`,
      ),
    ).toEqual(['read bills: self.owner_id = setting app.user']);
  });

  test('keeps a filter whose value may be undefined, because Sequelize throws, and drops a where that is', () => {
    expect(wheres(`return Response.json(await Bill.findAll({ where: { ownerId: body.owner } }));`)).toEqual([
      'read bills: self.owner_id = client body.owner',
    ]);
    expect(
      wheres(`return Response.json(await Bill.findAll({ where: body.mine ? { ownerId: user.id } : undefined }));`),
    ).toEqual(['read bills: true']);
  });

  test('includes rows that have to be there, or may be', () => {
    expect(
      wheres(
        `return Response.json(await Bill.findOne({ where: { id }, include: [{ model: Firm, as: 'firm', include: [{ model: Seat, as: 'seats', where: { userId: user.id } }], required: true }] }));`,
      ),
    ).toEqual([`read bills: ${sent}`]);
    const { queries } = traceApp({
      ...files,
      'app/api/bills/[id]/route.ts': `
        import { Bill, Firm, Seat } from '@/lib/models';
        export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
          const { id } = await params;
          return Response.json(await Bill.findOne({ where: { id }, attributes: { exclude: ['secret'] }, include: [{ model: Firm, as: 'firm', required: true, include: [{ association: 'seats', where: { userId: 'me' } }] }] })); }`,
    });
    expect(queries[0]?.query.columns).not.toContain('secret');
    expect(queries[0]?.query.joined.map(row => `${row.table} ${row.required} ${show(row.where)}`)).toEqual([
      'firms true firms.id = self.firm_id',
      'seats true (seats.firm_id = firms.id and seats.user_id = "me")',
    ]);
  });

  test('has its default scope, unless the query says otherwise', () => {
    const scoped = {
      'lib/scope.ts': `import { Bill } from './models'; Bill.addScope('defaultScope', { where: { sum: 1 } }); Bill.addScope('of', owner => ({ where: { ownerId: owner } })); Bill.hasMany(Bill);`,
    };
    expect(wheres(`return Response.json(await Bill.findAll({ where: { id } }));`, scoped)).toEqual([
      `read bills: (self.sum = 1 and ${sent})`,
    ]);
    expect(wheres(`return Response.json(await Bill.findAll({ where: { sum: body.sum } }));`, scoped)).toEqual([
      'read bills: self.sum = client body.sum',
    ]);
    expect(wheres(`return Response.json(await Bill.unscoped().findByPk(id));`, scoped)).toEqual([
      `read bills: ${sent}`,
    ]);
    expect(
      wheres(`return Response.json(await Bill.scope({ method: ['of', user.id] }).findOne({ where: { id } }));`, scoped),
    ).toEqual([`read bills: (${own} and ${sent})`]);
  });

  test('changes rows, alone or as objects', () => {
    expect(
      wheres(
        `await Bill.update({ sum: 1 }, { where: { id } }); await Bill.destroy({ where: { id, ownerId: user.id } }); return new Response(null);`,
      ),
    ).toEqual([`update bills: ${sent}`, `delete bills: (${sent} and ${own})`]);
  });

  test('gives rows by SQL', () => {
    expect(
      wheres(
        `return Response.json(await sequelize.query('select * from bills where id = :id and owner_id = :owner', { replacements: { id, owner: user.id }, type: 'SELECT' }));`,
      ),
    ).toEqual([`read bills: (${sent} and ${own})`]);
  });
});

describe('models in files of their own', () => {
  const start = {
    'package.json': JSON.stringify({
      name: 'bills',
      dependencies: { next: '14.0.0', sequelize: '6.37.0', 'better-auth': '1.7.0' },
    }),
    'models/firm.js': `'use strict';
      const { Model } = require('sequelize');
      module.exports = (sequelize, DataTypes) => {
        class Firm extends Model { static associate(models) { Firm.hasMany(models.Seat, { foreignKey: 'firmId', as: 'seats' }); } }
        Firm.init({ name: DataTypes.STRING }, { sequelize, modelName: 'Firm', tableName: 'firms' });
        return Firm;
      };`,
    'models/seat.js': `
      module.exports = (sequelize, DataTypes) => {
        const Seat = sequelize.define('Seat', { userId: DataTypes.STRING, firmId: DataTypes.INTEGER }, { tableName: 'seats', timestamps: false });
        Seat.associate = models => { Seat.belongsTo(models.Firm, { foreignKey: 'firmId', as: 'firm' }); };
        Seat.prototype.firmName = function () { return this.getFirm(); };
        return Seat;
      };`,
    'models/bill.js': `
      module.exports = function (sequelize, DataTypes) {
        const Bill = sequelize.define('Bill', { firmId: DataTypes.INTEGER, sum: DataTypes.INTEGER }, { tableName: 'bills' });
        Bill.associate = function ({ Firm }) { this.belongsTo(Firm, { foreignKey: 'firmId', as: 'firm' }); };
        return Bill;
      };`,
    'models/seat.test.js': `test('none', () => {});`,
  };
  const index = `
    const fs = require('fs'); const path = require('path'); const Sequelize = require('sequelize');
    const basename = path.basename(__filename); const env = process.env.NODE_ENV || 'development';
    const config = require(__dirname + '/../config/config.json')[env];
    const db = {};
    let sequelize;
    if (config.use_env_variable) sequelize = new Sequelize(process.env[config.use_env_variable], config);
    else sequelize = new Sequelize(config.database, config.username, config.password, config);
    fs.readdirSync(__dirname)
      .filter(file => file.indexOf('.') !== 0 && file !== basename && file.slice(-3) === '.js')
      .forEach(file => { const model = require(path.join(__dirname, file))(sequelize, Sequelize.DataTypes); db[model.name] = model; });
    Object.keys(db).forEach(name => { if (db[name].associate) { db[name].associate(db); } });
    db.sequelize = sequelize;
    module.exports = db;`;
  const routes = {
    'pages/api/mine.js': `
      const db = require('../../models'); const { requireUser } = require('../../lib/session');
      module.exports = async (req, res) => {
        const user = await requireUser();
        res.json(await db.Bill.findAll({ include: [{ model: db.Firm, as: 'firm', required: true, include: [{ model: db.Seat, as: 'seats', required: true, where: { userId: user.id } }] }] }));
      };`,
    'pages/api/any.js': `
      const { Bill } = require('../../models');
      module.exports = async (req, res) => res.json(await Bill.findByPk(req.query.id));`,
  };

  function reads(files: Readonly<Record<string, string>>): readonly string[] {
    return traceApp({ ...start, ...files, ...routes })
      .queries.filter(path => path.query.table === 'bills')
      .map(
        path => `${path.entryPoint.name}: ${show(path.query.where)} ${path.query.joined.map(row => row.table).join()}`,
      );
  }

  test('are found by the loop over their folder, with what ties them', () => {
    expect(reads({ 'models/index.js': index })).toEqual([
      'ANY /api/any: self.id = client query.id ',
      'ANY /api/mine: true firms,seats',
    ]);
    const tables = databaseOfSequelize(notesSource({ ...start, ...routes, 'models/index.js': index }))?.tables ?? [];
    expect(tables.flatMap(table => table.foreignKeys.map(key => `${table.name} -> ${key.table}`)).toSorted()).toEqual([
      'bills -> firms',
      'seats -> firms',
    ]);
  });

  test('are tied where the program calls nobody that was followed', () => {
    const apart = `
      const { Sequelize, DataTypes } = require('sequelize');
      const sequelize = new Sequelize(process.env.DATABASE_URL);
      exports.Bill = require('./bill')(sequelize, DataTypes);
      exports.Firm = require('./firm')(sequelize, DataTypes);
      exports.Seat = require('./seat')(sequelize, DataTypes);
      require('some-magic')(exports);`;
    expect(reads({ 'models/index.js': apart })).toEqual([
      'ANY /api/any: self.id = client query.id ',
      'ANY /api/mine: true firms,seats',
    ]);
  });
});
