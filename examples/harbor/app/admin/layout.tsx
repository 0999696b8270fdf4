import Link from 'next/link';
import type { ReactNode } from 'react';

export default function AdminLayout({ children }: { children: ReactNode }) {
  return (
    <div className="mx-auto max-w-6xl px-4 py-8">
      <nav className="mb-6 flex gap-4 text-sm">
        <Link href="/dashboard">Dashboard</Link>
        <Link href="/admin">Organizations</Link>
        <Link href="/admin/billing">Billing</Link>
      </nav>
      {children}
    </div>
  );
}
