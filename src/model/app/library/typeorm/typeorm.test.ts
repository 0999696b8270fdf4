import { describe, expect, test } from 'vitest';

import { notesSource, show, traceApp } from '../../fixtures/inline-app.ts';
import { databaseOfTypeorm } from './repository.ts';

const entities = `
  import { BaseEntity, Column, Entity, Index, JoinColumn, JoinTable, ManyToMany, ManyToOne, OneToMany, PrimaryGeneratedColumn, Unique } from 'typeorm';
  abstract class Row extends BaseEntity {
    @PrimaryGeneratedColumn('uuid') id: string;
  }
  @Entity('firm')
  export class Firm extends Row {
    @Column({ unique: true }) slug: string;
    @OneToMany(() => Seat, seat => seat.firm) seats: Seat[];
    @OneToMany(() => Bill, bill => bill.firm) bills: Bill[];
  }
  @Entity()
  @Unique(['userId', 'firm'])
  export class Seat extends Row {
    @Column() userId: string;
    @ManyToOne(() => Firm, firm => firm.seats, { nullable: false, onDelete: 'CASCADE' }) firm: Firm;
  }
  @Entity('bills')
  export class Bill extends Row {
    @Column({ name: 'owner_id' }) ownerId: string;
    @Column() sum: number;
    @Column({ select: false }) secret: string;
    @Index({ unique: true }) @Column({ nullable: true }) code: string | null;
    @Column() firmId: string;
    @ManyToOne(() => Firm, firm => firm.bills) @JoinColumn({ name: 'firmId' }) firm: Firm;
    @ManyToMany(() => Label) @JoinTable() labels: Label[];
    isOwnedBy(id: string) { return this.ownerId === id; }
  }
  @Entity()
  export class Label extends Row { @Column() name: string; }`;

const files = {
  'package.json': JSON.stringify({
    name: 'bills',
    dependencies: { next: '16.0.0', typeorm: '0.3.28', 'better-auth': '1.7.0' },
  }),
  'lib/entities.ts': entities,
  'app/page.tsx': `export default function Page() { return null; }`,
  'lib/source.ts': `import { DataSource } from 'typeorm'; import { Bill } from './entities';
    export const source = new DataSource({ type: 'postgres', entities: [Bill] });`,
};

function wheres(body: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const { queries } = traceApp({
    ...files,
    ...more,
    'app/api/bills/[id]/route.ts': `
      import { Brackets, In, IsNull, Like, Not, Raw } from 'typeorm';
      import { source } from '@/lib/source'; import { Bill, Firm, Label, Seat } from '@/lib/entities'; import { requireUser } from '@/lib/session';
      export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; const user = await requireUser(); const body = await request.json();
        const bills = source.getRepository(Bill);
        ${body} }`,
  });
  return queries.map(path => `${path.query.operation} ${path.query.table}: ${show(path.query.where)}`);
}

const own = 'self.owner_id = ‹user.id›';
const sent = 'self.id = client params.id';

describe('tables of entities', () => {
  const tables = databaseOfTypeorm(notesSource(files))?.tables ?? [];
  const bills = tables.find(table => table.name === 'bills');

  test('have the columns, keys and names that TypeORM would give them', () => {
    expect(tables.map(table => table.name).toSorted()).toEqual([
      'bills',
      'bills_labels_label',
      'firm',
      'label',
      'seat',
    ]);
    expect(bills?.columns.map(column => `${column.name} ${column.type}${column.notNull ? ' not null' : ''}`)).toEqual([
      'id uuid not null',
      'owner_id text not null',
      'sum integer not null',
      'secret text not null',
      'code text',
      'firmId text not null',
    ]);
    expect(bills?.uniqueKeys).toEqual([['id'], ['code']]);
    expect(
      bills?.foreignKeys.map(key => `${key.columns.join()} -> ${key.table}.${key.referencedColumns.join()}`),
    ).toEqual(['firmId -> firm.id']);
    const seat = tables.find(table => table.name === 'seat');
    expect(seat?.uniqueKeys).toEqual([['id'], ['userId', 'firmId']]);
    expect(seat?.foreignKeys).toMatchObject([{ columns: ['firmId'], table: 'firm', onDelete: 'cascade' }]);
  });

  test('take the names of a strategy, and schemas', () => {
    const snake = databaseOfTypeorm(
      notesSource({
        ...files,
        'lib/source.ts': `import { SnakeNamingStrategy } from 'typeorm-naming-strategies';`,
        'lib/schema.ts': `import { EntitySchema } from 'typeorm';
          export const Visit = new EntitySchema({ name: 'PageVisit', columns: { id: { type: 'uuid', primary: true }, seenAt: { type: 'timestamptz', nullable: true } },
            relations: { firm: { type: 'many-to-one', target: 'Firm', joinColumn: true } } });`,
      }),
    );
    const visit = snake?.tables.find(table => table.name === 'page_visit');
    expect(visit?.columns.map(column => column.name)).toEqual(['id', 'seen_at', 'firm_id']);
    expect(visit?.foreignKeys).toMatchObject([{ columns: ['firm_id'], table: 'firm', referencedColumns: ['id'] }]);
  });
});

describe('a repository of TypeORM', () => {
  test('asks for what its conditions say', () => {
    expect(wheres(`return Response.json(await bills.findOneBy({ id, ownerId: user.id }));`)).toEqual([
      `read bills: (${sent} and ${own})`,
    ]);
    expect(wheres(`return Response.json(await bills.findOne({ where: { id } }));`)).toEqual([`read bills: ${sent}`]);
    expect(
      wheres(`return Response.json(await source.manager.find(Bill, { where: [{ ownerId: user.id }, { id }] }));`),
    ).toEqual([`read bills: (${own} or ${sent})`]);
    expect(
      wheres(
        `return Response.json(await bills.findBy({ id: Not(id), code: IsNull(), ownerId: In([user.id, 'all']) }));`,
      ),
    ).toEqual([`read bills: (not ${sent} and self.code is null and (${own} or self.owner_id = "all"))`]);
    expect(
      wheres(`return Response.json(await bills.find({ where: { firm: { id, seats: { userId: user.id } } } }));`),
    ).toEqual([
      'read bills: (self.firmId = client params.id and exists firm with (firm.id = self.firmId and exists seat with (seat.firmId = firm.id and seat.userId = ‹user.id›)))',
    ]);
    expect(
      wheres(
        `return Response.json(await Bill.findBy({ sum: Raw(alias => alias + ' > :least', { least: body.least }) }));`,
      ),
    ).toEqual(['read bills: self.sum > client body.least']);
  });

  test('drops a filter whose value may be undefined or null, unless it is told to throw', () => {
    const body = `return Response.json(await bills.find({ where: { id, ownerId: body.all ? null : user.id, sum: body.sum } }));`;
    expect(wheres(body)).toEqual([`read bills: (${sent} and maybe ${own} and maybe self.sum = client body.sum)`]);
    const told = {
      'lib/source.ts': `import { DataSource } from 'typeorm'; export const source = new DataSource({ type: 'postgres', invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' } });`,
    };
    expect(
      wheres(`return Response.json(await bills.find({ where: { id, ownerId: user.id, sum: body.sum } }));`, told),
    ).toEqual([`read bills: (${sent} and ${own} and self.sum = client body.sum)`]);
    const newer = { 'package.json': JSON.stringify({ dependencies: { next: '16.0.0', typeorm: '^1.0.0' } }) };
    expect(wheres(`return Response.json(await bills.findBy({ id, sum: body.sum }));`, newer)).toEqual([
      `read bills: (${sent} and self.sum = client body.sum)`,
    ]);
  });

  test('changes rows by an id, a condition or a row that was loaded', () => {
    expect(
      wheres(
        `await bills.update(id, { sum: 1 }); await bills.delete({ id, ownerId: user.id }); return new Response(null);`,
      ),
    ).toEqual([`update bills: ${sent}`, `delete bills: (${sent} and ${own})`]);
    expect(
      wheres(
        `const bill = await bills.findOneByOrFail({ id, ownerId: user.id }); bill.sum = body.sum; await bills.save(bill); return new Response(null);`,
      ),
    ).toEqual([`read bills: (${sent} and ${own})`, 'update bills: self.id = bills.id']);
    expect(
      wheres(
        `await source.transaction(async manager => { await manager.softDelete(Bill, [id]); }); return new Response(null);`,
      ),
    ).toEqual([`update bills: ${sent}`]);
  });

  test('saves an object with the key of a row as that row', () => {
    expect(wheres(`await bills.save({ id: body.id, sum: 1, ownerId: user.id }); return new Response(null);`)).toEqual([
      'insert bills: (self.id is-not-distinct-from client body.id and self.sum is-not-distinct-from 1 and self.owner_id is-not-distinct-from ‹user.id›)',
      'update bills: self.id = client body.id',
    ]);
    expect(wheres(`await bills.save(bills.create({ sum: 1, ownerId: user.id })); return new Response(null);`)).toEqual([
      'insert bills: (self.sum is-not-distinct-from 1 and self.owner_id is-not-distinct-from ‹user.id›)',
    ]);
    expect(wheres(`await bills.save({ ...body, ownerId: user.id }); return new Response(null);`)).toContain(
      'update bills: self.id = client body.id',
    );
  });

  test('leaves hidden columns out, and loads relations', () => {
    const { queries } = traceApp({
      ...files,
      'app/api/bills/[id]/route.ts': `
        import { source } from '@/lib/source'; import { Bill } from '@/lib/entities';
        export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
          const { id } = await params;
          const bill = await source.getRepository(Bill).findOne({ where: { id }, relations: { firm: { seats: true } } });
          return Response.json(bill); }`,
    });
    expect(queries[0]?.query.columns).not.toContain('secret');
    expect(queries[0]?.query.joined.map(row => row.table)).toEqual(['firm', 'seat']);
  });
});

describe('a query builder of TypeORM', () => {
  test('has its conditions, with parameters by name', () => {
    expect(
      wheres(
        `return Response.json(await bills.createQueryBuilder('bill').where('bill.ownerId = :owner', { owner: user.id }).andWhere('bill.id IN (:...ids)', { ids: body.ids }).getMany());`,
      ),
    ).toEqual([`read bills: (${own} and self.id = client body.ids[])`]);
    expect(
      wheres(
        `return Response.json(await bills.createQueryBuilder('bill').where('bill.ownerId = :owner').orWhere(new Brackets(q => q.where('bill.id = :id').andWhere('bill.sum > 3'))).setParameters({ owner: user.id, id }).getOne());`,
      ),
    ).toEqual([`read bills: (${own} or (${sent} and self.sum > 3))`]);
  });

  test('uses the last value given for a name everywhere, as TypeORM does', () => {
    expect(
      wheres(
        `return Response.json(await bills.createQueryBuilder('bill').where('bill.ownerId = :id', { id: user.id }).andWhere('bill.id = :id', { id }).getOne());`,
      ),
    ).toEqual([`read bills: (self.owner_id = client params.id and ${sent})`]);
  });

  test('joins relations under their alias', () => {
    expect(
      wheres(
        `return Response.json(await bills.createQueryBuilder('bill').innerJoinAndSelect('bill.firm', 'firm').innerJoin('firm.seats', 'seat').where('bill.id = :id', { id }).andWhere('seat.userId = :user', { user: user.id }).getOne());`,
      ),
    ).toEqual([`read bills: (${sent} and seat.userId = ‹user.id›)`]);
  });

  test('changes rows', () => {
    expect(
      wheres(
        `await source.createQueryBuilder().update(Bill).set({ sum: 2 }).where('id = :id', { id }).execute(); await bills.createQueryBuilder().delete().from(Bill).where('id = :id', { id }).andWhere({ ownerId: user.id }).execute(); return new Response(null);`,
      ),
    ).toEqual([`update bills: ${sent}`, `delete bills: (${sent} and ${own})`]);
  });
});

test('a repository that a container hands to a service is known', () => {
  const service = {
    'lib/service.ts': `
      import { InjectRepository } from '@nestjs/typeorm'; import { Repository } from 'typeorm'; import { Bill } from './entities';
      class Clock { now() { return 1; } }
      export class BillService {
        constructor(@InjectRepository(Bill) private readonly bills: Repository<Bill>, private readonly clock: Clock) {}
        byId(id: string) { return this.bills.findOneBy({ id }); }
      }
      export const service = new BillService();`,
    'app/api/other/[id]/route.ts': `
      import { service } from '@/lib/service';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
        return Response.json(await service.byId((await params).id)); }`,
  };
  expect(wheres(`return new Response(null);`, service)).toEqual([`read bills: ${sent}`]);
});

test('a class that extends Repository is one, of the entity that its type names', () => {
  const own = {
    'lib/bills.ts': `
      import { DataSource, Repository } from 'typeorm'; import { source } from './source'; import { Bill } from './entities';
      export class BillRepository extends Repository<Bill> {
        constructor(from: DataSource) { super(Bill, from.createEntityManager()); }
        ofOwner(ownerId: string) { return this.findBy({ ownerId }); }
      }
      export const own = new BillRepository(source);`,
    'app/api/own/[id]/route.ts': `
      import { own } from '@/lib/bills';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; await own.delete(id); return Response.json(await own.ofOwner(id)); }`,
  };
  expect(wheres(`return new Response(null);`, own)).toEqual([
    `delete bills: ${sent}`,
    'read bills: self.owner_id = client params.id',
  ]);
});

describe('a query inside another', () => {
  const inside = (user: string): string =>
    `.select('seat.firm').from(Seat, 'seat').where('seat.userId = :user', { user: ${user} })`;
  const mine = (sub: string): readonly string[] => wheres(sub).filter(where => where.startsWith('read bills'));

  test('is read where its text stands in a condition, with the parameters of the whole', () => {
    const outer = (user: string): string =>
      `return Response.json(await bills.createQueryBuilder('bill').where(qb => 'bill.firmId IN ' + qb.subQuery()${inside(user)}.getQuery()).andWhere('bill.id = :id', { id }).getOne());`;
    const [own = ''] = mine(outer('user.id'));
    expect(own).toContain('‹user.id›');
    expect(own).toContain(sent);
    expect(own).not.toContain('opaque');
    expect(mine(outer('body.userId')).join()).toContain('client body.userId');
    expect(mine(outer('body.userId')).join()).not.toContain('‹user.id›');
  });

  test('may be made apart, and be asked for with exists', () => {
    const apart = `const seats = source.getRepository(Seat).createQueryBuilder('seat')${inside('user.id').replace(".from(Seat, 'seat')", '')};`;
    const [text = ''] = mine(
      `${apart} return Response.json(await bills.createQueryBuilder('bill').where(\`bill.firmId IN (\${seats.getQuery()})\`).setParameters(seats.getParameters()).getMany());`,
    );
    expect(text).toContain('‹user.id›');
    const joined = `const seats = source.getRepository(Seat).createQueryBuilder('seat').innerJoin('seat.firm', 'firm').where('firm.id = bill.firmId').andWhere('seat.userId = :user', { user: user.id });`;
    const [exists = ''] = mine(
      `${joined} return Response.json(await bills.createQueryBuilder('bill').whereExists(seats).getMany());`,
    );
    expect(exists).toContain('‹user.id›');
    expect(exists).not.toContain('opaque');
  });

  test('that is put together of what is no text is not guessed', () => {
    expect(
      mine(
        `const seats = source.getRepository(Seat).createQueryBuilder('seat').where({ userId: user.id }); return Response.json(await bills.createQueryBuilder('bill').whereExists(seats).getMany());`,
      ),
    ).toEqual(['read bills: opaque']);
  });
});
