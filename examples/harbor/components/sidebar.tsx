'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';

const links = [
  ['/dashboard', 'Overview'],
  ['/dashboard/orders', 'Orders'],
  ['/dashboard/customers', 'Customers'],
  ['/dashboard/quotes', 'Quotes'],
  ['/dashboard/invoices', 'Invoices'],
  ['/dashboard/messages', 'Messages'],
  ['/dashboard/tasks', 'Tasks'],
  ['/dashboard/contacts', 'Contacts'],
  ['/dashboard/claims', 'Claims'],
  ['/dashboard/reports', 'Reports'],
  ['/dashboard/search', 'Search'],
  ['/dashboard/assistant', 'Assistant'],
  ['/dashboard/team', 'Team'],
  ['/dashboard/billing', 'Billing'],
  ['/dashboard/settings', 'Settings'],
] as const;

export function Sidebar({ organizationName, isStaff }: { organizationName: string; isStaff: boolean }) {
  const pathname = usePathname() ?? '';
  return (
    <aside className="border-line bg-white max-md:border-b md:sticky md:top-0 md:h-screen md:w-56 md:shrink-0 md:border-r">
      <div className="px-4 py-4">
        <p className="text-lg font-semibold text-brand">Harbor</p>
        <p className="truncate text-sm text-muted">{organizationName}</p>
      </div>
      <nav className="flex gap-1 overflow-x-auto px-2 pb-3 md:flex-col">
        {[...links, ...(isStaff ? ([['/admin', 'Admin']] as const) : [])].map(([href, label]) => {
          const current = href === '/dashboard' ? pathname === href : pathname.startsWith(href);
          return (
            <Link
              key={href}
              href={href}
              className={`rounded-md px-3 py-1.5 text-sm whitespace-nowrap ${current ? 'bg-brand-soft font-medium text-brand-strong' : 'text-ink hover:bg-canvas'}`}
            >
              {label}
            </Link>
          );
        })}
      </nav>
    </aside>
  );
}
