import { expect, test } from 'vitest';
import { onlyQuery, show } from '../fixtures/inline-app.ts';

const files = {
  'lib/ids.ts': `import { Schema } from 'effect'; export const NoteId = Schema.String.pipe(Schema.brand('NoteId'));`,
};

test('an id that only gets a type of its own is the same id', () => {
  const own = onlyQuery(
    `import { NoteId } from '@/lib/ids';
     export async function GET() { const user = await requireUser(); return NextResponse.json(await db.select().from(notes).where(eq(notes.teamId, NoteId.make(user.teamId)))); }`,
    'notes',
    files,
  );
  expect(show(own.query.where)).toBe('self.team_id = ‹tenant.id›');
  const sent = onlyQuery(
    `import { NoteId } from '@/lib/ids';
     export async function GET(request: Request, { params }: any) { const { id } = await params; return NextResponse.json(await db.select().from(notes).where(eq(notes.id, NoteId.make(id)))); }`,
    'notes',
    files,
  );
  expect(show(sent.query.where)).toBe('self.id = client params.id');
});
