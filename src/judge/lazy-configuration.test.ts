import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  email String @unique
  seenAt DateTime?
  accounts Account[]
  memberships Membership[]
}
model Account {
  id String @id
  provider String
  providerAccountId String
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Club {
  id String @id
  memberships Membership[]
}
model Membership {
  id String @id
  role String
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
`;

/** What is said of the queries behind the routes of a sign-in library, whose configuration is written so. */
function signIn(config: string): readonly string[] {
  return judgedApp(schema, {
    'package.json': JSON.stringify({
      dependencies: { next: '16.0.0', 'next-auth': '5.0.0', '@prisma/client': '6.19.0' },
    }),
    'lib/sign-in.ts': `import NextAuth from 'next-auth'; import { db } from './db'; export const { handlers, auth } = NextAuth(${config});`,
    'app/api/auth/[...nextauth]/route.ts': `import { handlers } from '@/lib/sign-in'; export const { GET, POST } = handlers;`,
  })
    .filter(path => path.entryPoint.name.startsWith('POST'))
    .map(({ sink, verdict, reason }) => `${sink.table} ${sink.operation} ${verdict} ${reason}`);
}

const adapter = `adapter: {
  getUserByEmail: email => db.user.findUnique({ where: { email } }),
  linkAccount: data => db.account.create({ data }),
}`;
const events = (id: string): string => `events: {
  async session({ session }) { await db.user.update({ where: { id: ${id} }, data: { seenAt: new Date() } }); },
}`;

test('what a configuration that is made for each request holds runs as well', () => {
  const found = [
    'Account insert isolated system',
    'User read isolated system',
    'User update isolated scoped-by-session',
  ];
  expect(signIn(`request => ({ ${adapter}, ${events('session.user.id')} })`).toSorted()).toEqual(found);
  expect(signIn(`{ ${adapter}, ${events('session.user.id')} }`).toSorted()).toEqual(found);
});

test('what it takes from the request is the caller’s choice', () => {
  expect(signIn(`request => ({ ${events("request.headers.get('x-user')")} })`).join()).toContain('User update leaks');
});
