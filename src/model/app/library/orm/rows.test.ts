import { expect, test } from 'vitest';

import type { Interpreted } from '../../build.ts';
import { show, showFacts, traceApp } from '../../fixtures/inline-app.ts';

function trace(library: string, code: string, body: string): Interpreted {
  return traceApp({
    'package.json': JSON.stringify({
      name: 'bills',
      dependencies: { next: '16.0.0', [library]: '0.3.28', 'better-auth': '1.7.0' },
    }),
    'lib/models.ts': code,
    'app/api/bills/[id]/route.ts': `
      import * as models from '@/lib/models'; import { requireUser } from '@/lib/session';
      const { Bill, Firm } = models;
      export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; const user = await requireUser(); const body = await request.json();
        ${body} }`,
  });
}

function wheres(library: string, code: string, body: string): readonly string[] {
  const { queries } = trace(library, code, body);
  return queries.map(path => `${path.query.operation} ${path.query.table}: ${show(path.query.where)}`).toSorted();
}

const entities = `
  import { BaseEntity, Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
  @Entity('bills') export class Bill extends BaseEntity {
    @PrimaryGeneratedColumn('uuid') id: string;
    @Column({ name: 'owner_id' }) ownerId: string;
    isOwnedBy(id: string) { return this.ownerId === id; } }
  export const Firm = undefined;`;

const models = `
  import { DataTypes, Model, Sequelize } from 'sequelize';
  const sequelize = new Sequelize(process.env.DATABASE_URL, { define: { underscored: true } });
  export const Firm = sequelize.define('Firm', { id: { type: DataTypes.UUID, primaryKey: true } });
  export class Bill extends Model { isOwnedBy(id: string) { return this.ownerId === id; } }
  Bill.init({ id: { type: DataTypes.UUID, primaryKey: true }, ownerId: DataTypes.UUID }, { sequelize, modelName: 'bill' });
  Firm.hasMany(Bill, { as: 'bills', foreignKey: 'firmId' });`;

const gone = 'return new Response(null, { status: 404 });';

test('an entity that was loaded, or is new, does what its class and BaseEntity say', () => {
  const loaded = `const bill = await Bill.findOneBy({ id }); if (!bill || !bill.isOwnedBy(user.id)) ${gone} await bill.remove(); return new Response(null);`;
  expect(wheres('typeorm', entities, loaded)).toEqual([
    'delete bills: self.id = bills.id',
    'read bills: self.id = client params.id',
  ]);
  const made = `const bill = new Bill(); bill.ownerId = user.id; await bill.save(); return new Response(null);`;
  expect(wheres('typeorm', entities, made)).toEqual(['insert bills: self.owner_id is-not-distinct-from ‹user.id›']);
});

test('an instance of a model is changed by its key, and saved when it is new', () => {
  const loaded = `const bill = await Bill.findByPk(id); if (!bill || !bill.isOwnedBy(user.id)) ${gone} await bill.update({ ownerId: 'x' }); await bill.destroy(); return new Response(null);`;
  expect(wheres('sequelize', models, loaded)).toEqual([
    'delete bills: self.id = bills.id',
    'read bills: self.id = client params.id',
    'update bills: self.id = bills.id',
  ]);
  const made = `const bill = Bill.build({ ownerId: user.id }); await bill.save(); return new Response(null);`;
  expect(wheres('sequelize', models, made)).toEqual(['insert bills: self.owner_id is-not-distinct-from ‹user.id›']);
});

test('getters of an entity and what an instance holds are read', () => {
  const withGetter = entities.replace('isOwnedBy(', 'get isShort() { return this.ownerId; } isOwnedBy(');
  const loaded = `const bill = await Bill.findOneBy({ id }); if (bill?.isShort !== user.id) ${gone} await bill.remove(); return new Response(null);`;
  expect(wheres('typeorm', withGetter, loaded)).toHaveLength(2);
  const held = `const bill = await Bill.findByPk(id); if (bill!.dataValues.ownerId !== user.id) ${gone} await bill.destroy(); return new Response(null);`;
  expect(wheres('sequelize', models, held)).toHaveLength(2);
});

test('what a method of the class compares is known of the row', () => {
  const body = (find: string): string =>
    `const bill = await ${find}; if (!bill || !bill.isOwnedBy(user.id)) ${gone} return Response.json(bill);`;
  for (const [library, code, find] of [
    ['typeorm', entities, 'Bill.findOneBy({ id })'],
    ['sequelize', models, 'Bill.findByPk(id)'],
  ] as const) {
    const { queries } = trace(library, code, body(find));
    expect(showFacts(queries[0]?.factsAfter ?? [])).toContain('bills.owner_id = ‹user.id›'.replace('bills', 'self'));
  }
});

test('the rows of an association are read, counted and made by its key', () => {
  const body = `const firm = await Firm.findByPk(id); await firm!.createBill({ ownerId: user.id }); return Response.json(await firm!.getBills({ where: { ownerId: user.id } }));`;
  expect(wheres('sequelize', models, body)).toEqual([
    'insert bills: (self.owner_id is-not-distinct-from ‹user.id› and self.firm_id is-not-distinct-from firms.id)',
    'read bills: (self.firm_id = firms.id and self.owner_id = ‹user.id›)',
    'read firms: self.id = client params.id',
  ]);
});
