'use client';

import { useRouter } from 'next/navigation';
import { useState, type FormEvent } from 'react';
import { authClient } from '@/lib/auth-client';
import { Button, Field } from './ui';

export function CreateOrganization() {
  const router = useRouter();
  const [error, setError] = useState<string | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name'));
    const slug = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    const created = await authClient.organization.create({ name, slug });
    if (created.error) {
      setError(created.error.message ?? 'This name is taken.');
      return;
    }
    await authClient.organization.setActive({ organizationId: created.data.id });
    router.push('/dashboard');
    router.refresh();
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <Field label="Brokerage name" name="name" required />
      {error ? <p className="text-sm text-rose-700">{error}</p> : null}
      <Button type="submit" className="w-full">
        Create workspace
      </Button>
    </form>
  );
}
