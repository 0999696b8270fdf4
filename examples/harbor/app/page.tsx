import Link from 'next/link';

const points = [
  ['Orders in one place', 'Quote, book and track every load without switching between spreadsheets and inboxes.'],
  ['Customers who stay informed', 'Each load has a tracking page you can send to the shipper. No account needed.'],
  ['Invoices that match the load', 'Bill from the order, see what is overdue, and export everything for your accountant.'],
] as const;

export default function HomePage() {
  return (
    <main className="mx-auto max-w-5xl px-4">
      <nav className="flex items-center justify-between py-5">
        <span className="text-lg font-semibold text-brand">Harbor</span>
        <div className="flex gap-4 text-sm">
          <Link href="/pricing">Pricing</Link>
          <Link href="/sign-in" className="font-medium text-brand">
            Sign in
          </Link>
        </div>
      </nav>
      <section className="py-16 md:py-24">
        <h1 className="max-w-2xl text-4xl font-semibold tracking-tight md:text-5xl">
          Run your freight brokerage from one desk.
        </h1>
        <p className="mt-4 max-w-xl text-lg text-muted">
          Harbor keeps loads, customers, quotes and invoices together, for brokers with two dispatchers or two hundred.
        </p>
        <Link
          href="/sign-up"
          className="mt-8 inline-block rounded-md bg-brand px-5 py-3 font-medium text-white hover:bg-brand-strong"
        >
          Start free
        </Link>
      </section>
      <section className="grid gap-6 border-t border-line py-12 md:grid-cols-3">
        {points.map(([title, text]) => (
          <div key={title}>
            <h2 className="font-semibold">{title}</h2>
            <p className="mt-2 text-sm text-muted">{text}</p>
          </div>
        ))}
      </section>
    </main>
  );
}
