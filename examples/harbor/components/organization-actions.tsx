'use client';

import { useTransition } from 'react';
import { reinstateOrganization, suspendOrganization } from '@/app/actions/admin';

export function OrganizationActions({ organizationId, suspended }: { organizationId: string; suspended: boolean }) {
  const [pending, startTransition] = useTransition();
  const run = suspended ? reinstateOrganization : suspendOrganization;
  return (
    <button
      className="text-brand"
      disabled={pending}
      onClick={() => startTransition(async () => void (await run(organizationId)))}
    >
      {suspended ? 'Reinstate' : 'Suspend'}
    </button>
  );
}
