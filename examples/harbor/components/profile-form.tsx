'use client';

import { useState, useTransition, type FormEvent } from 'react';
import { saveProfile } from '@/app/actions/profile';
import { Button, Field } from './ui';

export function ProfileForm({ displayName, title }: { displayName: string; title: string }) {
  const [pending, startTransition] = useTransition();
  const [saved, setSaved] = useState(false);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    startTransition(async () => {
      await saveProfile({ displayName: String(form.get('displayName')), title: String(form.get('title')) });
      setSaved(true);
    });
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <Field label="Display name" name="displayName" defaultValue={displayName} required />
      <Field label="Title" name="title" defaultValue={title} />
      <Button type="submit" disabled={pending}>
        {saved ? 'Saved' : 'Save'}
      </Button>
    </form>
  );
}
