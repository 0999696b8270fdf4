import type { Metadata } from 'next';
import { AuthForm } from '@/components/auth-form';
import { Card, TextLink } from '@/components/ui';

export const metadata: Metadata = { title: 'Sign in' };

export default function SignInPage() {
  return (
    <main className="mx-auto flex min-h-screen max-w-sm flex-col justify-center gap-4 px-4">
      <h1 className="text-2xl font-semibold tracking-tight">Welcome back</h1>
      <Card>
        <AuthForm mode="sign-in" />
      </Card>
      <p className="text-sm">
        <TextLink href="/sign-up">Create an account</TextLink>
      </p>
    </main>
  );
}
