'use client';

import { useState, useTransition } from 'react';
import { openBillingPortal } from '@/app/actions/billing';
import { plans, type Plan } from '@/lib/billing/plans';
import { livePrice } from '@/lib/billing/prices';
import { money } from '@/lib/format';
import { QuietButton } from './ui';

export function BillingActions() {
  const [pending, startTransition] = useTransition();
  const [message, setMessage] = useState<string | null>(null);

  async function upgrade(plan: Plan) {
    const cents = await livePrice(plans[plan].priceId, plans[plan].monthlyCents);
    if (!window.confirm(`Switch to ${plans[plan].label} for ${money(cents)} a month?`)) return;
    const response = await fetch('/api/billing/upgrade', { method: 'POST', body: JSON.stringify({ plan }) });
    const body: { url?: string; error?: string } = await response.json();
    if (body.url) window.location.assign(body.url);
    else setMessage(body.error ?? null);
  }

  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        {(Object.keys(plans) as Plan[]).map(name => (
          <QuietButton key={name} disabled={pending} onClick={() => startTransition(() => upgrade(name))}>
            {plans[name].label} {money(plans[name].monthlyCents)}
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
