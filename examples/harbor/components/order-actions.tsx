'use client';

import { useState, useTransition } from 'react';
import { shareTracking, updateOrderStatus } from '@/app/actions/orders';
import { QuietButton } from './ui';

const next: Record<string, string> = { draft: 'booked', booked: 'in_transit', in_transit: 'delivered' };

export function OrderActions({ orderId, status }: { orderId: string; status: string }) {
  const [pending, startTransition] = useTransition();
  const [message, setMessage] = useState<string | null>(null);
  const following = next[status];

  return (
    <div className="flex flex-wrap items-center gap-2">
      {message ? <span className="text-sm text-muted">{message}</span> : null}
      <QuietButton
        disabled={pending}
        onClick={() =>
          startTransition(async () => {
            const result = await shareTracking(orderId);
            setMessage(result.path ?? result.error ?? null);
          })
        }
      >
        Share tracking
      </QuietButton>
      {following ? (
        <QuietButton
          disabled={pending}
          onClick={() =>
            startTransition(async () => {
              const result = await updateOrderStatus(orderId, following);
              setMessage(result.error ?? null);
            })
          }
        >
          Mark {following.replace('_', ' ')}
        </QuietButton>
      ) : null}
    </div>
  );
}
