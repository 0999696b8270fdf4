'use client';

import { useTransition } from 'react';
import { markInvoicePaid, sendInvoice, voidInvoice } from '@/app/actions/invoices';

export function InvoiceActions({ invoiceId }: { invoiceId: string }) {
  const [pending, start] = useTransition();

  const run = (task: (id: string) => Promise<unknown>) =>
    start(async () => {
      await task(invoiceId);
    });

  return (
    <>
      <button disabled={pending} onClick={() => run(sendInvoice)}>
        Send
      </button>{' '}
      <button disabled={pending} onClick={() => run(markInvoicePaid)}>
        Paid
      </button>{' '}
      <button disabled={pending} onClick={() => run(voidInvoice)}>
        Void
      </button>
    </>
  );
}
