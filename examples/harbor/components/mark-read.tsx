'use client';

import { useRouter } from 'next/navigation';
import { useTransition } from 'react';
import { markThreadRead } from '@/app/actions/messages';

export function MarkRead({ orderId }: { orderId: string }) {
  const router = useRouter();
  const [pending, startTransition] = useTransition();
  return (
    <button
      className="text-brand"
      disabled={pending}
      onClick={() =>
        startTransition(async () => {
          await markThreadRead(orderId);
          router.refresh();
        })
      }
    >
      Mark read
    </button>
  );
}
