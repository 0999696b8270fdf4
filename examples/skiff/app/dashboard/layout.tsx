import Link from 'next/link';
import type { ReactNode } from 'react';
import { signOut } from '@/app/actions/auth';
import { LiveStatus } from '@/components/live-status';
import { requireUser } from '@/lib/auth';

export default async function DashboardLayout({ children }: { children: ReactNode }) {
  const { supabase } = await requireUser();
  const { data: workspaces } = await supabase.from('workspaces').select('id, name').order('name');

  return (
    <>
      <nav>
        <strong>{workspaces?.map((workspace) => workspace.name).join(', ')}</strong>
        <Link href="/dashboard">Overview</Link>
        <Link href="/dashboard/boats">Boats</Link>
        <Link href="/dashboard/work-orders">Work orders</Link>
        <Link href="/dashboard/invoices">Invoices</Link>
        <Link href="/dashboard/inbox">Inbox</Link>
        <Link href="/dashboard/expenses">Expenses</Link>
        <Link href="/dashboard/parts">Parts</Link>
        <Link href="/dashboard/announcements">News</Link>
        <Link href="/dashboard/settings/team">Team</Link>
        <Link href="/dashboard/settings/integrations">Integrations</Link>
        <Link href="/dashboard/support">Help</Link>
        <LiveStatus />
        <form action={signOut}>
          <button>Sign out</button>
        </form>
      </nav>
      <main>{children}</main>
    </>
  );
}
