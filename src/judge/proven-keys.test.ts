import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  seats Seat[]
}
model Club {
  id String @id
  name String
  seats Seat[]
  halls Hall[]
  keys ApiKey[]
}
model Seat {
  id String @id
  role String
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
model Hall {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  rooms Room[]
  keys ApiKey[]
}
model ApiKey {
  id String @id
  publicKey String @unique
  hashedSecret String
  fastHash String? @unique
  clubId String?
  club Club? @relation(fields: [clubId], references: [id])
  hallId String?
  hall Hall? @relation(fields: [hallId], references: [id])
}
model Room {
  id String @id
  hallId String
  hall Hall @relation(fields: [hallId], references: [id])
}
model Log {
  id String @id
  clubId String
  hallId String?
  @@index([clubId])
}
`;

/** What is said of the log that a handler writes for the club of a hall's key, which is found by its public name. */
function log(compare: string, kept = 'hashedSecret'): readonly string[] {
  return verdictsOnPrisma(
    schema.replaceAll('hashedSecret', kept),
    `import { keyOf } from '@/lib/keys';
---
     const { clubId } = await keyOf(req.headers.authorization);
     await prisma.log.create({ data: { clubId } });`,
    {
      'lib/keys.ts': `
        import bcrypt from 'bcryptjs';
        import { prisma } from './prisma';
        export async function keyOf(header) {
          const [name, secret] = atob(header.split(' ')[1]).split(':');
          const key = await prisma.apiKey.findUnique({
            where: { publicKey: name },
            include: { hall: { include: { club: true } }, club: true },
          });
          if (!key) throw new Error('no key');
          ${compare}
          const clubId = key.hall?.club.id ?? key.club?.id;
          if (!clubId) throw new Error('no club');
          return { clubId };
        }`,
    },
  ).filter(line => line.startsWith('Log '));
}

const compared = (kept: string): string =>
  `if (!(await bcrypt.compare(secret, key.${kept}))) throw new Error('no key');`;

test('whoever knows the secret of a key acts for whom it was made, and for what lies above', () => {
  expect(log(compared('hashedSecret'))).toEqual(['Log insert isolated capability']);
});

test('whoever knows only its name does not', () => {
  expect(log('').join()).toContain('leaks');
});

test('the password of one thing says nothing of what lies above it', () => {
  expect(log(compared('password'), 'password').join()).toContain('leaks');
  expect(log(compared('passcodeHash'), 'passcodeHash').join()).toContain('leaks');
});
