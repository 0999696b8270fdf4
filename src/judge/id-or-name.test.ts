import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  members Member[]
}
model Team {
  id String @id
  members Member[]
  groups Group[]
  people Person[]
}
model Member {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  @@unique([userId, teamId])
}
model Group {
  id String @id
  slug String
  name String
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  people Person[]
  @@unique([teamId, slug])
}
model Person {
  id String @id
  name String
  groupId String
  group Group @relation(fields: [groupId], references: [id])
  firstOf String?
  lastOf String?
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}
`;
const no = 'return res.status(403).end();';
const member = `const teamId = String(req.query.teamId);
  if (!(await prisma.member.findUnique({ where: { userId_teamId: { userId, teamId } } }))) ${no}
  const asked = String(req.query.groupId);`;
const people = (body: string): readonly string[] =>
  verdictsOnPrisma(schema, `${member} ${body}`).filter(line => line.startsWith('Person '));
const group = (where: string): string =>
  `const group = await prisma.group.findFirst({ where: ${where} }); if (!group || group.teamId !== teamId) ${no}`;
const either = 'asked.startsWith("grp_") ? { id: asked } : { teamId, slug: asked }';
const change = 'await prisma.person.updateMany({ where: { groupId: asked }, data: { name: "x" } }); return res.end();';

test('what was looked up by its id or its name is what is asked for by that as an id', () => {
  expect(people(`${group(either)} ${change}`)).toEqual(['Person update isolated scoped-by-membership']);
  expect(people(`${group('{ OR: [{ id: asked }, { slug: asked }] }')} ${change}`)).toEqual([
    'Person update isolated scoped-by-membership',
  ]);
});

test('what was looked up by something else, or not compared with the team, is not', () => {
  const other = 'await prisma.person.updateMany({ where: { groupId: String(req.query.other) }, data: { name: "x" } });';
  expect(people(`${group(either)} ${other} return res.end();`)).toEqual([
    expect.stringMatching(/^Person update leaks /),
  ]);
  expect(people(`${group('{ OR: [{ id: asked }, { name: "first", teamId }] }')} ${change}`)).toEqual([
    expect.stringMatching(/^Person update leaks /),
  ]);
  const unchecked = group(either).replace(' || group.teamId !== teamId', '');
  expect(people(`${unchecked} ${change}`)).toEqual([expect.stringMatching(/^Person update leaks /)]);
});

test('a column that is one of a few ties the row as each of them does', () => {
  const by = (value: string, columns: string, key: string): readonly string[] =>
    people(
      `${group('{ id: asked }')} const columns = ${columns}; const key = ${key};
       await prisma.person.updateMany({ where: { [columns[key]]: ${value} }, data: { name: 'x' } }); return res.end();`,
    );
  expect(by('group.id', `{ a: 'groupId', b: 'groupId' }`, 'group.name')).toEqual([
    'Person update isolated scoped-by-membership',
  ]);
  expect(by('asked', `{ a: 'groupId', b: 'name' }`, 'group.name')).toEqual([
    expect.stringMatching(/^Person update leaks /),
  ]);
  expect(by('group.id', `JSON.parse(process.env.COLUMNS)`, 'group.name')).toEqual(['Person update unknown opaque']);
});
