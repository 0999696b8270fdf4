import type { Metadata } from 'next';
import { AuthForm } from '@/components/auth-form';
import { Card, TextLink } from '@/components/ui';

export const metadata: Metadata = { title: 'Sign up' };

export default function SignUpPage() {
  return (
    <main className="mx-auto flex min-h-screen max-w-sm flex-col justify-center gap-4 px-4">
      <h1 className="text-2xl font-semibold tracking-tight">Start with Harbor</h1>
      <Card>
        <AuthForm mode="sign-up" />
      </Card>
      <p className="text-sm">
        <TextLink href="/sign-in">Sign in instead</TextLink>
      </p>
    </main>
  );
}
