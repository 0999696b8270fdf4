import { eq } from 'drizzle-orm';
import type { ReactNode } from 'react';
import { LinkButton } from '@/components/ui';
import { isMember } from '@/lib/access';
import { db } from '@/lib/db';
import { organization } from '@/lib/db/schema';
import { requireUser } from '@/lib/session';

type Props = { children: ReactNode; params: Promise<{ organizationId: string }> };

/** Shell of the wall view of one workspace. */
export default async function WorkspaceLayout({ children, params }: Props) {
  const user = await requireUser();
  const { organizationId } = await params;
  if (!(await isMember(organizationId, user.id))) {
    return (
      <main className="mx-auto max-w-md px-4 py-24 text-center">
        <h1 className="text-xl font-semibold">You are not part of this workspace</h1>
        <p className="mt-2 mb-6 text-sm text-muted">Ask one of its owners to invite you.</p>
        <LinkButton href="/dashboard">Back to your dashboard</LinkButton>
      </main>
    );
  }
  const [workspace] = await db
    .select({ name: organization.name })
    .from(organization)
    .where(eq(organization.id, organizationId));
  return (
    <main className="mx-auto max-w-6xl px-4 py-8">
      <p className="mb-4 text-sm text-muted">{workspace?.name}</p>
      {children}
    </main>
  );
}
