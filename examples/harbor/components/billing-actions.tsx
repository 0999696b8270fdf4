'use client';

import { useState, useTransition } from 'react';
import { openBillingPortal } from '@/app/actions/billing';
import { paymentConfig } from '@/lib/billing/payment-config';
import { money } from '@/lib/format';
import { QuietButton } from './ui';

export function BillingActions() {
  const [pending, startTransition] = useTransition();
  const [message, setMessage] = useState<string | null>(null);
  const ready = Boolean(paymentConfig.apiKey);

  async function upgrade(plan: string) {
    const response = await fetch('/api/billing/upgrade', { method: 'POST', body: JSON.stringify({ plan }) });
    const body: { url?: string; error?: string } = await response.json();
    if (body.url) window.location.assign(body.url);
    else setMessage(body.error ?? null);
  }

  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        {Object.entries(paymentConfig.plans).map(([name, plan]) => (
          <QuietButton key={name} disabled={pending || !ready} onClick={() => startTransition(() => upgrade(name))}>
            {plan.label} {money(plan.monthlyCents)}
          </QuietButton>
        ))}
        <QuietButton
          disabled={pending}
          onClick={() =>
            startTransition(async () => {
              const result = await openBillingPortal();
              if (result.url) window.location.assign(result.url);
              else setMessage(result.error ?? null);
            })
          }
        >
          Payment methods
        </QuietButton>
      </div>
      {message ? <p className="text-sm text-rose-700">{message}</p> : null}
    </div>
  );
}
