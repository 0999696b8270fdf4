import type { Metadata } from 'next';
import Link from 'next/link';

export const metadata: Metadata = { title: 'Pricing' };

const plans = [
  ['Starter', '$49', 'Up to 50 loads a month, 2 dispatchers'],
  ['Growth', '$149', 'Unlimited loads, 10 dispatchers, exports'],
  ['Fleet', '$399', 'Everything, API access and the assistant'],
] as const;

export default function PricingPage() {
  return (
    <main className="mx-auto max-w-4xl px-4 py-12">
      <Link href="/" className="text-lg font-semibold text-brand">
        Harbor
      </Link>
      <h1 className="mt-8 text-3xl font-semibold tracking-tight">Pricing</h1>
      <div className="mt-8 grid gap-4 md:grid-cols-3">
        {plans.map(([name, price, text]) => (
          <div key={name} className="rounded-lg border border-line bg-white p-6">
            <h2 className="font-semibold">{name}</h2>
            <p className="mt-2 text-3xl font-semibold">{price}</p>
            <p className="text-sm text-muted">a month</p>
            <p className="mt-4 text-sm">{text}</p>
          </div>
        ))}
      </div>
    </main>
  );
}
