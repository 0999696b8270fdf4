import { asc, eq } from 'drizzle-orm';
import { TeamList } from '@/components/team-list';
import { PageHeader } from '@/components/ui';
import { db } from '@/lib/db';
import { member as members, profiles, user } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Team' };

export default async function TeamPage() {
  const member = await requireMember();
  const team = await db
    .select({ id: members.id, name: user.name, email: user.email, role: members.role, title: profiles.title })
    .from(members)
    .innerJoin(user, eq(user.id, members.userId))
    .leftJoin(profiles, eq(profiles.userId, user.id))
    .where(eq(members.organizationId, member.organizationId))
    .orderBy(asc(user.name));
  return (
    <>
      <PageHeader title="Team" subtitle={`${team.length} people`} />
      <TeamList team={team} />
    </>
  );
}
