'use client';

import { useRouter } from 'next/navigation';
import { useState, type FormEvent } from 'react';
import { authClient } from '@/lib/auth-client';
import { Button, Field } from './ui';

export function AuthForm({ mode }: { mode: 'sign-in' | 'sign-up' }) {
  const router = useRouter();
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const email = String(form.get('email'));
    const password = String(form.get('password'));
    setBusy(true);
    const result =
      mode === 'sign-in'
        ? await authClient.signIn.email({ email, password })
        : await authClient.signUp.email({ email, password, name: String(form.get('name')) });
    setBusy(false);
    if (result.error) {
      setError(result.error.message ?? 'That did not work. Try again.');
      return;
    }
    router.push(mode === 'sign-in' ? '/dashboard' : '/onboarding');
    router.refresh();
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      {mode === 'sign-up' ? <Field label="Your name" name="name" autoComplete="name" required /> : null}
      <Field label="Work email" name="email" type="email" autoComplete="email" required />
      <Field
        label="Password"
        name="password"
        type="password"
        minLength={8}
        autoComplete={mode === 'sign-in' ? 'current-password' : 'new-password'}
        required
      />
      {error ? <p className="text-sm text-rose-700">{error}</p> : null}
      <Button type="submit" className="w-full" disabled={busy}>
        {mode === 'sign-in' ? 'Sign in' : 'Create account'}
      </Button>
    </form>
  );
}
