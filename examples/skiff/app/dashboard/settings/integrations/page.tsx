import { IntegrationList } from '@/components/integration-list';
import { currentMembership } from '@/lib/auth';

export default async function IntegrationsPage() {
  const { supabase, membership } = await currentMembership();
  const { data: integrations } = await supabase
    .from('integrations')
    .select('*')
    .eq('workspace_id', membership.workspace_id);

  return (
    <>
      <h1>Integrations</h1>
      <IntegrationList integrations={integrations ?? []} />
    </>
  );
}
