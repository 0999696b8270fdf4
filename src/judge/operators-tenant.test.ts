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
  notes Note[]
}
model Member {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  @@unique([userId, teamId])
}
model Note {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}
`;
const no = 'return res.status(403).end();';
const asks = (team: string, user = 'userId'): string =>
  `const member = await prisma.member.findUnique({ where: { userId_teamId: { userId: ${user}, teamId: ${team} } } });
   if (!member) ${no}`;
const notes = (guard: string, head = '', after = ''): readonly string[] =>
  verdictsOnPrisma(
    schema,
    `${head}\n---\n${guard}
     ${after} return res.json(await prisma.note.findUnique({ where: { id: String(req.query.id) } }));`,
  ).filter(line => line.startsWith('Note '));
const staff = ['Note read isolated administrator'];
const anybody = [expect.stringMatching(/^Note read leaks /)];

test('a member of the team that the app names itself runs the app', () => {
  expect(notes(asks('OPERATOR'), `const OPERATOR = 'team_7f3a';`)).toEqual(staff);
  expect(notes(asks('process.env.ADMIN_TEAM_ID'))).toEqual(staff);
  const fromEither = `const me = await prisma.user.findUnique({ where: { id: userId } }); const id = req.body.fresh && me ? me.id : userId;`;
  expect(notes(fromEither + asks(`'team_7f3a'`, 'id'))).toEqual(staff);
  expect(
    notes(
      `if (!(await isStaff(userId))) ${no}`,
      `const isStaff = async id => !!(await prisma.member.findFirst({ where: { userId: id, teamId: 'team_7f3a' } }));`,
    ),
  ).toEqual(staff);
});

test('a member of a team that the caller names, or somebody else’s membership, does not', () => {
  expect(notes(asks('String(req.query.teamId)'))).toEqual(anybody);
  expect(notes(asks(`'team_7f3a'`, 'String(req.query.userId)'))).toEqual(anybody);
  const fromOther = `const other = await prisma.user.findUnique({ where: { id: req.body.id } }); const id = req.body.fresh && other ? other.id : userId;`;
  expect(notes(fromOther + asks(`'team_7f3a'`, 'id'))).toEqual(anybody);
  expect(notes(asks(`'team_7f3a'`).replace('!member', 'member'))).toEqual(anybody);
});

test('a team to try the app with, or to which it adds whoever comes, is nobody’s own', () => {
  expect(notes(asks('process.env.DEMO_TEAM_ID'))).toEqual(anybody);
  const joins = `await prisma.member.create({ data: { userId, teamId: 'team_7f3a' } });`;
  expect(notes(asks(`'team_7f3a'`), '', joins)).toEqual(anybody);
});

test('what only the operator’s own team may do beside its own is the operator’s to do', () => {
  const member = asks('teamId').replace('const member', 'const teamId = String(req.query.teamId); const member');
  const read = (own: string): string =>
    `const note = await prisma.note.findUnique({ where: { id: String(req.query.id) } }); if (!note) ${no}
     if (${own}) { if (teamId !== OPERATOR) ${no} } else if (note.teamId !== teamId) ${no}
     return res.json(note);`;
  const verdicts = (own: string, team: string): readonly string[] =>
    verdictsOnPrisma(schema, `const OPERATOR = ${team};\n---\n${member} ${read(own)}`).filter(line =>
      line.startsWith('Note '),
    );
  const tied = [expect.stringMatching(/^Note read isolated /)];
  expect(verdicts(`['first', 'second'].includes(note.id)`, `'team_7f3a'`)).toEqual(tied);
  expect(verdicts(`['first', 'second'].includes(note.id)`, `String(req.query.operator)`)).toEqual(anybody);
  expect(verdicts(`['first', 'second'].includes(note.id)`, `'team_demo'`)).toEqual(anybody);
});

test('the column that names the operator’s team may be no key; one that only constants are compared with names none', () => {
  const loose = schema.replace('model Note {', 'model Note {\n  place String\n  kind String');
  const verdicts = (column: string): readonly string[] =>
    verdictsOnPrisma(
      loose,
      `const OPERATOR = 'team_7f3a';\n---\n
       const note = await prisma.note.findUnique({ where: { id: String(req.query.id) } }); if (!note) ${no}
       ${asks('note.place')}
       if (['first', 'second'].includes(note.id)) { if (note.${column} !== OPERATOR) ${no} } else if (note.teamId !== note.place) ${no}
       return res.json(note);`,
    ).filter(line => line.startsWith('Note '));
  expect(verdicts('place')).toEqual([expect.stringMatching(/^Note read isolated /)]);
  expect(verdicts('kind')).toEqual(anybody);
});
