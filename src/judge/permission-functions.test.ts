import { describe, expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  role String
  places CrewMember[]
  cameras Camera[]
  sensors Sensor[]
}
model Crew {
  id String @id
  name String
  members CrewMember[]
  cameras Camera[]
  sensors Sensor[]
}
model CrewMember {
  id String @id
  role String
  userId String
  user User @relation(fields: [userId], references: [id])
  crewId String
  crew Crew @relation(fields: [crewId], references: [id])
}
model Camera {
  id String @id
  name String
  userId String?
  user User? @relation(fields: [userId], references: [id])
  crewId String?
  crew Crew? @relation(fields: [crewId], references: [id])
}
model Sensor {
  id String @id
  name String
  userId String?
  user User? @relation(fields: [userId], references: [id])
  crewId String?
  crew Crew? @relation(fields: [crewId], references: [id])
}`;

const files = {
  'lib/store.ts': `import { createClient } from 'redis';
    class Store {
      constructor(url: string) { this.client = createClient({ url }).on('error', problem => console.log(problem)); }
      async get(key: string) { const text = await this.client.get(key); try { return JSON.parse(text); } catch { return null; } }
    }
    export const store = new Store(process.env.REDIS_URL!);`,
  'lib/token.ts': `import jwt from 'jsonwebtoken';
    export const read = (token: string) => { try { return jwt.verify(token, process.env.SECRET!); } catch { return null; } };`,
  'lib/who.ts': `import { db } from './db'; import { read } from './token'; import { store } from './store';
    export async function who(request: Request) {
      const claims = read(request.headers.get('authorization')); const share = read(request.headers.get('x-share'));
      const { userId, authKey } = claims || {};
      let user = null;
      if (userId) user = await db.user.findUnique({ where: { id: userId } });
      else if (process.env.REDIS_URL && authKey) {
        const kept = await store.get(authKey);
        if (kept?.userId) user = await db.user.findUnique({ where: { id: kept.userId } });
      }
      if (!user?.id && !share) return null;
      if (user) user.isAdmin = user.role === 'admin';
      return { user, share };
    }`,
};

interface Parts {
  readonly admin?: string;
  readonly share?: string;
  readonly find?: string;
  readonly person?: string;
  readonly crew?: string;
}

const parts: Required<Parts> = {
  admin: `if (user?.isAdmin) return true;`,
  share: `if (share?.cameraId === id || share?.cameraIds?.includes(id)) return true;`,
  find: `const thing = await db.camera.findUnique({ where: { id } });`,
  person: `if (thing.userId) return user.id === thing.userId;`,
  crew: `if (thing.crewId) { const place = await db.crewMember.findFirst({ where: { crewId: thing.crewId, userId: user.id } }); return !!place; }`,
};

/** How the camera is judged that a caller with the permission deletes. */
function judged(changed: Parts, table = 'camera'): readonly string[] {
  const { admin, share, find, person, crew } = { ...parts, ...changed };
  const may = `import { db } from './db';
    const roles = { owner: ['edit'], viewer: [] };
    export const allows = async (role: string, what: string) => (roles as any)[role]?.includes(what);
    export async function mayChange({ user, share }: any, id: string) {
      ${admin} ${share} ${find}
      if (!thing || !user) return false;
      ${person} ${crew} return false;
    }`;
  const route = `import { db } from '@/lib/db'; import { who } from '@/lib/who'; import { mayChange } from '@/lib/may';
    export async function DELETE(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const known = await who(request); if (!known) return Response.json({}, { status: 401 });
      const { id } = await params;
      if (!(await mayChange(known, id))) return Response.json({}, { status: 403 });
      return Response.json(await db.${table}.delete({ where: { id } })); }`;
  return judgedApp(schema, { ...files, 'lib/may.ts': may, 'app/api/cameras/[id]/route.ts': route })
    .filter(path => path.sink.operation === 'delete')
    .map(path => path.verdict);
}

describe('a permission function with several ways to yes', () => {
  test('ties the row when each way does', () => {
    expect(judged({})).toEqual(['isolated']);
    expect(judged({ crew: parts.crew.replace('!!place', `place && allows(place.role, 'edit')`) })).toEqual([
      'isolated',
    ]);
  });

  test('ties nothing when one way does not', () => {
    expect(judged({ admin: `if (user?.role !== 'admin') return true;` })).toEqual(['leaks']);
    expect(judged({ share: `if (id) return true;` })).toEqual(['leaks']);
    expect(judged({ person: `if (thing.userId) return true;` })).toEqual(['leaks']);
    expect(judged({ crew: `if (thing.crewId) return true;` })).toEqual(['leaks']);
    expect(judged({ crew: parts.crew.replace('crewId: thing.crewId, ', '') })).toEqual(['leaks']);
    expect(judged({ crew: parts.crew.replace(', userId: user.id', '') })).toEqual(['leaks']);
  });

  test('ties one of several kinds of thing that the id may be of, and no other', () => {
    const find = `const camera = await db.camera.findUnique({ where: { id } }); const sensor = await db.sensor.findUnique({ where: { id } }); const thing = camera || sensor;`;
    expect(judged({ find })).toEqual(['isolated']);
    expect(judged({ find, share: '' }, 'sensor')).toEqual(['leaks']);
  });
});

describe('a session that is kept under a name which only the server’s token says', () => {
  const judgedRead = (where: string): readonly string[] => {
    const route = `import { db } from '@/lib/db'; import { read } from '@/lib/token'; import { store } from '@/lib/store';
      export async function GET(request: Request) {
        const { userId, authKey } = read(request.headers.get('authorization')) || {};
        if (userId || !authKey) return Response.json({}, { status: 401 });
        const kept = await store.get(authKey);
        if (!kept?.userId) return Response.json({}, { status: 401 });
        const id = new URL(request.url).searchParams.get('id')!;
        return Response.json(await db.camera.findFirst({ where: { ${where} } })); }`;
    return judgedApp(schema, { ...files, 'app/api/cameras/route.ts': route })
      .filter(path => path.sink.table === 'Camera')
      .map(path => path.verdict);
  };

  test('says who asks, and nothing of what is asked for', () => {
    expect(judgedRead('id, userId: kept.userId')).toEqual(['isolated']);
    expect(judgedRead('id')).toEqual(['leaks']);
  });
});
