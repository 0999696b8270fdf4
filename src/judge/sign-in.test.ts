import { describe, expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

/** A club with members, who sign in by password and are invited by letter. */
const schema = `
model User {
  id String @id
  email String @unique
  passwordHash String
  resetToken String?
  resetExpires DateTime?
  sessions Session[]
  memberships Membership[]
}
model Club {
  id String @id
  name String
  memberships Membership[]
  invitations Invitation[]
}
model Membership {
  id String @id
  role String
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  @@unique([userId, clubId])
}
model Invitation {
  id String @id
  email String
  token String @unique
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
model Session {
  id String @id
  token String @unique
  expiresAt DateTime
  userId String
  user User @relation(fields: [userId], references: [id])
}
model VerificationToken {
  id String @id
  email String
  token String @unique
  expires DateTime
}
`;

const mail = `import { Resend } from 'resend'; const resend = new Resend(process.env.RESEND_KEY);
  export async function sendLetter(to: string, text: string) { await resend.emails.send({ from: 'club', to, text }); }`;

const imports = `'use server';
import bcrypt from 'bcryptjs';
import { compare, hash } from 'bcryptjs';
import { createHash, createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { unsealData } from 'iron-session';
import { createDecipheriv, scrypt } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { db } from '@/lib/db';
import { sendLetter } from '@/lib/mail';
import { auth } from '@/lib/auth';
`;

/** What the queries of a server action with this body come to: `operation table verdict`, each once. */
function verdicts(body: string): readonly string[] {
  const actions = `${imports} export async function run(input: Input) { ${body} }`;
  const paths = judgedApp(schema, { 'lib/mail.ts': mail, 'app/actions.ts': actions });
  return [...new Set(paths.map(path => `${path.sink.operation} ${path.sink.table} ${path.verdict}`))];
}

const byEmail = 'const user = await db.user.findUnique({ where: { email: input.email } });';
const leaksOf = (body: string): readonly string[] => verdicts(body).filter(line => !line.endsWith(' isolated'));

describe('signing in', () => {
  test('a user found by e-mail whose password was compared is who asks', () => {
    const session = `await db.session.create({ data: { userId: user.id, token: randomBytes(32).toString('hex'), expiresAt: new Date() } });`;
    expect(
      leaksOf(
        `${byEmail} if (!user) return { error: 'no' }; const ok = await bcrypt.compare(input.password, user.passwordHash); if (!ok) return { error: 'no' }; ${session} return { name: user.email };`,
      ),
    ).toEqual([]);
  });

  test('a hash made by hand and compared in constant time counts as well', () => {
    expect(
      leaksOf(
        `${byEmail} if (!user) return null; const [salt, kept] = user.passwordHash.split(':'); const given = scryptSync(input.password, salt, 64); if (!timingSafeEqual(Buffer.from(kept, 'hex'), given)) return null; return user;`,
      ),
    ).toEqual([]);
  });

  test('a hash that comes by a callback is the hash of what was given', () => {
    const derive = (text: string) =>
      `const derive = (text: string, salt: string) => new Promise<Buffer>((done, fail) => scrypt(text, salt, 64, (error, key) => { if (error) fail(error); else done(key); }));
       ${byEmail} if (!user) return null; const [salt, kept] = user.passwordHash.split(':'); const given = await derive(${text}, salt);
       if (!timingSafeEqual(Buffer.from(kept, 'hex'), given)) return null; return user;`;
    expect(leaksOf(derive('input.password'))).toEqual([]);
    expect(leaksOf(derive('process.env.PEPPER!'))).toEqual(['read User leaks']);
  });

  test('without the comparison anybody is anybody', () => {
    expect(leaksOf(`${byEmail} if (!user) return null; return user;`)).toEqual(['read User leaks']);
  });

  test('a comparison whose outcome is only logged proves nothing', () => {
    expect(
      leaksOf(
        `${byEmail} if (!user) return null; const ok = await compare(input.password, user.passwordHash); if (!ok) console.log('wrong'); return user;`,
      ),
    ).toEqual(['read User leaks']);
  });

  test('a password compared with another user’s hash proves nothing of this one', () => {
    expect(
      leaksOf(
        `const other = await db.user.findUnique({ where: { email: input.mine } }); if (!other || !(await compare(input.password, other.passwordHash))) return null; ${byEmail} return user;`,
      ),
    ).toEqual(['read User leaks']);
  });

  test('a session for a user whom only an e-mail names is a way in', () => {
    expect(
      leaksOf(
        `${byEmail} if (!user) return null; const token = randomBytes(32).toString('hex'); await db.session.create({ data: { userId: user.id, token, expiresAt: new Date() } }); (await cookies()).set('session', token);`,
      ),
    ).toContain('insert Session leaks');
  });

  test('a hash of nobody that is compared when there is no such user proves no user', () => {
    expect(
      leaksOf(
        `${byEmail} const ok = await compare(input.password, user?.passwordHash ?? '$2b$10$abcdefghijklmnopqrstuv'); if (!user || !ok) return null; return user;`,
      ),
    ).toEqual([]);
  });
});

describe('signing up', () => {
  const create = `const created = await db.user.create({ data: { email: input.email, passwordHash: await hash(input.password, 10) } });`;

  test('looking whether an address is taken, and making an account and a club, touches nobody else', () => {
    expect(
      leaksOf(
        `${byEmail} if (user) return { error: 'taken' }; ${create} const club = await db.club.create({ data: { name: input.club } }); await db.membership.create({ data: { userId: created.id, clubId: club.id, role: 'owner' } }); return { id: created.id };`,
      ),
    ).toEqual([]);
  });

  test('joining a club that the form names does', () => {
    expect(
      leaksOf(
        `${create} await db.membership.create({ data: { userId: created.id, clubId: input.clubId, role: 'member' } });`,
      ),
    ).toEqual(['insert Membership leaks']);
  });

  test('joining the club of an invitation found by its secret does not', () => {
    expect(
      leaksOf(
        `const letter = await db.invitation.findUnique({ where: { token: input.token } }); if (!letter) return null; ${create} await db.membership.create({ data: { userId: created.id, clubId: letter.clubId, role: 'member' } }); await db.invitation.delete({ where: { id: letter.id } });`,
      ),
    ).toEqual([]);
  });

  test('an account that is written over when it is there already is somebody else’s', () => {
    expect(
      leaksOf(
        `const saved = await db.user.upsert({ where: { email: input.email }, create: { email: input.email, passwordHash: 'x' }, update: { passwordHash: await hash(input.password, 10) } }); return saved;`,
      ),
    ).toContain('update User leaks');
  });

  test('the taken address’s row in the answer is a leak', () => {
    expect(leaksOf(`${byEmail} if (user) return { error: 'taken', by: user }; ${create}`)).toEqual(['read User leaks']);
  });
});

describe('members', () => {
  const signedIn = `const session = await auth.api.getSession({ headers: await headers() }); if (!session) redirect('/sign-in');`;
  const join = (club: string): string =>
    `await db.membership.create({ data: { userId: session.user.id, clubId: ${club}, role: 'member' } });`;

  test('joining any club by its id is a leak', () => {
    expect(leaksOf(`${signedIn} ${join('input.clubId')}`)).toEqual(['insert Membership leaks']);
  });

  test('joining the club of an invitation to one’s own address is not', () => {
    expect(
      leaksOf(
        `${signedIn} const letter = await db.invitation.findFirst({ where: { id: input.id, email: session.user.email } }); if (!letter) return null; ${join('letter.clubId')}`,
      ),
    ).toEqual([]);
  });

  test('an invitation to another address is nobody’s permission', () => {
    expect(
      leaksOf(
        `${signedIn} const letter = await db.invitation.findFirst({ where: { id: input.id } }); if (!letter) return null; ${join('letter.clubId')}`,
      ),
    ).toContain('insert Membership leaks');
  });
});

describe('a forgotten password', () => {
  const code = `const token = randomBytes(32).toString('hex');`;
  const issue = `await db.verificationToken.create({ data: { email: input.email, token, expires: new Date(Date.now() + 3600000) } });`;

  test('a code that only a letter tells reaches the owner of the address', () => {
    expect(
      leaksOf(
        `${byEmail} if (!user) return { sent: true }; ${code} await db.verificationToken.deleteMany({ where: { email: input.email } }); ${issue} await sendLetter(input.email, 'Your code: ' + token); return { sent: true };`,
      ),
    ).toEqual([]);
  });

  test('a code that the answer tells reaches whoever asks', () => {
    expect(leaksOf(`${code} ${issue} return { token };`)).not.toEqual([]);
  });

  test('a code may stand in the user’s row, next to nothing else', () => {
    const update = (more: string): string =>
      `${code} await db.user.update({ where: { email: input.email }, data: { resetToken: token, resetExpires: new Date()${more} } }); await sendLetter(input.email, token);`;
    expect(leaksOf(update(''))).toEqual([]);
    expect(leaksOf(update(', passwordHash: await hash(input.password, 10)'))).toEqual(['update User leaks']);
  });

  test('whoever has the code sets the password of the address it was sent to, and of no other', () => {
    const set = (email: string): string =>
      `const letter = await db.verificationToken.findUnique({ where: { token: input.token } }); if (!letter || letter.expires < new Date()) return null; const user = await db.user.findUnique({ where: { email: ${email} } }); if (!user) return null; await db.user.update({ where: { id: user.id }, data: { passwordHash: await hash(input.password, 10) } }); await db.verificationToken.delete({ where: { id: letter.id } });`;
    expect(leaksOf(set('letter.email'))).toEqual([]);
    expect(leaksOf(set('input.email'))).toContain('update User leaks');
  });
});

describe('letters', () => {
  const find = `const user = await db.user.findUnique({ where: { email: input.email } }); if (!user) return null;`;

  test('what a letter to the row’s own address says stays with its owner', () => {
    expect(leaksOf(`${find} await sendLetter(user.email, 'Hello ' + user.id);`)).toEqual([]);
  });

  test('what a letter to an address of the caller’s choice says does not', () => {
    expect(leaksOf(`${find} await sendLetter(input.other, 'Hello ' + user.id);`)).toEqual(['read User leaks']);
  });
});

describe('a secret of the server', () => {
  const signed = (expected: string): string => `
    const request = await headers();
    const signature = request[process.env.SIGNATURE_HEADER!];
    const expected = ${expected};
    if (!signature || !timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return null;
    return db.club.update({ where: { id: input.clubId }, data: { name: input.name } });`;

  test('that signed what was sent is known to whoever calls, whatever the header is called', () => {
    expect(leaksOf(signed(`createHmac('sha256', process.env.HOOK_SECRET!).update(input.body).digest('hex')`))).toEqual(
      [],
    );
  });

  test('is none where anybody can compute what is expected', () => {
    expect(leaksOf(signed(`createHash('sha256').update(input.body).digest('hex')`))).toEqual(['update Club leaks']);
    expect(leaksOf(signed(`request[process.env.SIGNATURE_SECRET_NAME!]`))).toEqual(['update Club leaks']);
  });
});

describe('a token that the server signed or sealed', () => {
  const rename = (id: string): string => `return db.club.update({ where: { id: ${id} }, data: { name: input.name } });`;

  test('names a row that whoever was given it may reach', () => {
    expect(
      leaksOf(
        `const { payload } = await jwtVerify(input.token, new TextEncoder().encode(process.env.SECRET)); ${rename('payload.clubRef')}`,
      ),
    ).toEqual([]);
    expect(
      leaksOf(
        `const sealed = await unsealData(input.seal, { password: process.env.SECRET! }); if (!sealed.clubRef) return null; ${rename('sealed.clubRef')}`,
      ),
    ).toEqual([]);
  });

  test('names it in what only the server can read as well', () => {
    const sealed = `const { payload } = await jwtVerify(input.token, new TextEncoder().encode(process.env.SECRET)); const box = createDecipheriv('aes256', process.env.SECRET!, '');`;
    const open = (text: string): string =>
      `${sealed} ${rename(`box.update(${text}, 'hex', 'utf8') + box.final('utf8')`)}`;
    expect(leaksOf(open('payload.clubRef'))).toEqual([]);
    expect(leaksOf(open('payload.clubRef + input.id'))).toEqual(['update Club leaks']);
    expect(leaksOf(open('input.id'))).toEqual(['update Club leaks']);
  });

  test('says nothing of another row, and nothing where its seal was not looked at', () => {
    expect(
      leaksOf(
        `const { payload } = await jwtVerify(input.token, new TextEncoder().encode(process.env.SECRET)); if (!payload.clubRef) return null; ${rename('input.id')}`,
      ),
    ).toEqual(['update Club leaks']);
    expect(leaksOf(`const payload = decodeJwt(input.token); ${rename('payload.clubRef')}`)).toEqual([
      'update Club leaks',
    ]);
    expect(
      leaksOf(
        `const { payload } = await jwtVerify(input.token, new TextEncoder().encode(process.env.SECRET)); ${rename('payload.iss')}`,
      ),
    ).toEqual(['update Club leaks']);
  });
});

describe('a key that is found by a part of it', () => {
  const found = `const sent = (await headers()).get('x-key')!; const users = await db.user.findMany({ where: { email: { startsWith: sent.slice(0, 4) } } });`;
  const clubs = 'return db.membership.findMany({ where: { userId: owner.id } });';

  test('is whose whole was compared, one row after the other', () => {
    expect(
      leaksOf(
        `${found} let owner = null; for (const user of users) { if (await compare(sent, user.passwordHash)) { owner = user; break; } } if (!owner) return null; ${clubs}`,
      ),
    ).toEqual([]);
  });

  test('is nobody’s where the comparison decides nothing', () => {
    expect(
      leaksOf(
        `${found} let owner = null; for (const user of users) { await compare(sent, user.passwordHash); owner = user; } if (!owner) return null; ${clubs}`,
      ),
    ).toContain('read Membership leaks');
  });
});
