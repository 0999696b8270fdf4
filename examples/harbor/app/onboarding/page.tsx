import { CreateOrganization } from '@/components/create-organization';
import { Card } from '@/components/ui';
import { requireUser } from '@/lib/session';

export default async function OnboardingPage() {
  const user = await requireUser();
  return (
    <main className="mx-auto flex min-h-screen max-w-sm flex-col justify-center gap-4 px-4">
      <h1 className="text-2xl font-semibold tracking-tight">Hello {user.name.split(' ')[0]}</h1>
      <p className="text-sm text-muted">Set up the workspace of your brokerage. You can invite dispatchers later.</p>
      <Card>
        <CreateOrganization />
      </Card>
    </main>
  );
}
