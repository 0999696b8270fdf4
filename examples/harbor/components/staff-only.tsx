'use client';

import { useRouter } from 'next/navigation';
import { useEffect, type ReactNode } from 'react';

export function StaffOnly({ role, children }: { role: string; children: ReactNode }) {
  const router = useRouter();
  const allowed = role === 'staff';
  useEffect(() => {
    if (!allowed) router.replace('/dashboard');
  }, [allowed, router]);
  return allowed ? children : null;
}
