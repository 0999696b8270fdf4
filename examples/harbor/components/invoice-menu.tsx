'use client';

import { useTransition } from 'react';
import { markInvoicePaid, voidInvoice } from '@/app/actions/invoices';

interface Props {
  organizationId: string;
  invoiceId: string;
  status: string;
}

export function InvoiceMenu({ organizationId, invoiceId, status }: Props) {
  const [pending, startTransition] = useTransition();
  if (status === 'paid' || status === 'void') return null;
  return (
    <span className="flex gap-3 text-brand">
      <button
        disabled={pending}
        onClick={() => startTransition(async () => void (await markInvoicePaid({ organizationId, invoiceId })))}
      >
        Mark paid
      </button>
      <button
        disabled={pending}
        onClick={() => startTransition(async () => void (await voidInvoice({ organizationId, invoiceId })))}
      >
        Void
      </button>
    </span>
  );
}
