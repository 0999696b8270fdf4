'use client';

import { useRouter } from 'next/navigation';
import type { FormEvent } from 'react';
import { Button } from './ui';

export function NewTask() {
  const router = useRouter();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const title = String(new FormData(form).get('title'));
    await fetch('/api/tasks', { method: 'POST', body: JSON.stringify({ title }) });
    form.reset();
    router.refresh();
  }

  return (
    <form onSubmit={submit} className="mb-4 flex gap-2">
      <input
        name="title"
        required
        placeholder="Call the carrier about detention"
        className="w-full max-w-md rounded-md border border-line bg-white px-3 py-2 text-sm"
      />
      <Button type="submit">Add</Button>
    </form>
  );
}
