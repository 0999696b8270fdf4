import { desc, eq } from 'drizzle-orm';
import { ApiKeyList } from '@/components/api-key-list';
import { ProfileForm } from '@/components/profile-form';
import { Card, PageHeader } from '@/components/ui';
import { db } from '@/lib/db';
import { apiKeys, profiles } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Settings' };

export default async function SettingsPage() {
  const member = await requireMember();
  const keys = await db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.organizationId, member.organizationId))
    .orderBy(desc(apiKeys.createdAt));
  const [profile] = await db
    .select({ displayName: profiles.displayName, title: profiles.title })
    .from(profiles)
    .where(eq(profiles.userId, member.userId));
  return (
    <>
      <PageHeader title="Settings" />
      <div className="grid gap-4 lg:grid-cols-2">
        <Card title="Your profile">
          <ProfileForm displayName={profile?.displayName ?? member.name} title={profile?.title ?? ''} />
        </Card>
        <Card title="API keys">
          <ApiKeyList apiKeys={keys} />
        </Card>
      </div>
    </>
  );
}
