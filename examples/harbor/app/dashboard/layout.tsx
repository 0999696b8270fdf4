import { eq } from 'drizzle-orm';
import type { ReactNode } from 'react';
import { Sidebar } from '@/components/sidebar';
import { db } from '@/lib/db';
import { organization } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

export default async function DashboardLayout({ children }: { children: ReactNode }) {
  const member = await requireMember();
  const [current] = await db
    .select({ name: organization.name })
    .from(organization)
    .where(eq(organization.id, member.organizationId));
  return (
    <div className="md:flex">
      <Sidebar organizationName={current?.name ?? ''} isStaff={member.role === 'staff'} />
      <main className="min-w-0 flex-1 px-4 py-6 md:px-8 md:py-8">{children}</main>
    </div>
  );
}
