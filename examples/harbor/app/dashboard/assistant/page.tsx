import { AssistantChat } from '@/components/assistant-chat';
import { PageHeader } from '@/components/ui';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Assistant' };

export default async function AssistantPage() {
  const member = await requireMember();
  return (
    <div className="max-w-2xl">
      <PageHeader title="Assistant" subtitle={`Ask about your loads, ${member.name.split(' ')[0]}.`} />
      <AssistantChat />
    </div>
  );
}
