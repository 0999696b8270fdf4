import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { cache } from 'react';
import { auth } from './auth';

export interface Member {
  userId: string;
  name: string;
  email: string;
  role: string;
  organizationId: string;
}

export const getSession = cache(async () => auth.api.getSession({ headers: await headers() }));

/** The signed-in user with the organization they work in, or null. */
export async function getMember(): Promise<Member | null> {
  const session = await getSession();
  if (!session?.session.activeOrganizationId) return null;
  return {
    userId: session.user.id,
    name: session.user.name,
    email: session.user.email,
    role: session.user.role ?? 'user',
    organizationId: session.session.activeOrganizationId,
  };
}

/** For pages and actions: sends visitors to sign in and new users to onboarding. */
export async function requireMember(): Promise<Member> {
  const session = await getSession();
  if (!session) redirect('/sign-in');
  const member = await getMember();
  if (!member) redirect('/onboarding');
  return member;
}

export async function requireUser() {
  const session = await getSession();
  if (!session) redirect('/sign-in');
  return session.user;
}

/** Harbor employees only. */
export async function requireStaff() {
  const user = await requireUser();
  if (user.role !== 'staff') redirect('/dashboard');
  return user;
}
