import { TeamList } from '@/components/team-list';
import { currentMembership } from '@/lib/auth';

export default async function TeamPage() {
  const { supabase, membership } = await currentMembership();

  const { data: members } = await supabase
    .from('members')
    .select('user_id, role, display_name')
    .eq('workspace_id', membership.workspace_id);
  const { data: crews } = await supabase.from('crews').select('id, name').eq('workspace_id', membership.workspace_id);

  return (
    <>
      <h1>Team</h1>
      <TeamList workspaceId={membership.workspace_id} members={members ?? []} crews={crews ?? []} />
    </>
  );
}
