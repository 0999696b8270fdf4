'use client';

import { useRouter } from 'next/navigation';
import { useState, useTransition, type FormEvent } from 'react';
import { createOrder } from '@/app/actions/orders';
import { Button, Field, Select } from './ui';

export function NewOrderForm({ customers }: { customers: { id: string; name: string }[] }) {
  const router = useRouter();
  const [pending, startTransition] = useTransition();
  const [error, setError] = useState<string | null>(null);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    startTransition(async () => {
      const result = await createOrder({
        customerId: String(form.get('customerId')),
        reference: String(form.get('reference')),
        origin: String(form.get('origin')),
        destination: String(form.get('destination')),
        priceCents: Math.round(Number(form.get('price')) * 100),
      });
      if (result.error) setError(result.error);
      else router.push(`/dashboard/orders/${result.id}`);
    });
  }

  return (
    <form onSubmit={submit} className="space-y-4">
      <Select label="Customer" name="customerId" required>
        {customers.map(customer => (
          <option key={customer.id} value={customer.id}>
            {customer.name}
          </option>
        ))}
      </Select>
      <Field label="Reference" name="reference" required />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Origin" name="origin" required />
        <Field label="Destination" name="destination" required />
      </div>
      <Field label="Price (USD)" name="price" type="number" min="0" step="0.01" required />
      {error ? <p className="text-sm text-rose-700">{error}</p> : null}
      <Button type="submit" disabled={pending}>
        Book order
      </Button>
    </form>
  );
}
