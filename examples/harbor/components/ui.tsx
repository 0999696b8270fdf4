import Link from 'next/link';
import type { ButtonHTMLAttributes, InputHTMLAttributes, ReactNode, SelectHTMLAttributes } from 'react';

export function Button({ className = '', ...props }: ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button
      className={`inline-flex items-center justify-center rounded-md bg-brand px-3.5 py-2 text-sm font-medium text-white hover:bg-brand-strong disabled:opacity-50 ${className}`}
      {...props}
    />
  );
}

export function QuietButton({ className = '', ...props }: ButtonHTMLAttributes<HTMLButtonElement>) {
  return (
    <button
      className={`inline-flex items-center justify-center rounded-md border border-line bg-white px-3 py-1.5 text-sm font-medium hover:bg-canvas disabled:opacity-50 ${className}`}
      {...props}
    />
  );
}

export function LinkButton({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Link
      href={href}
      className="inline-flex items-center rounded-md border border-line bg-white px-3 py-1.5 text-sm font-medium hover:bg-canvas"
    >
      {children}
    </Link>
  );
}

export function Field({ label, ...props }: { label: string } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="block text-sm">
      <span className="mb-1 block font-medium">{label}</span>
      <input
        className="w-full rounded-md border border-line bg-white px-3 py-2 outline-none focus:border-brand focus:ring-2 focus:ring-brand-soft"
        {...props}
      />
    </label>
  );
}

export function Select({ label, children, ...props }: { label: string } & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <label className="block text-sm">
      <span className="mb-1 block font-medium">{label}</span>
      <select className="w-full rounded-md border border-line bg-white px-3 py-2" {...props}>
        {children}
      </select>
    </label>
  );
}

export function PageHeader({ title, subtitle, actions }: { title: string; subtitle?: string; actions?: ReactNode }) {
  return (
    <header className="mb-6 flex flex-wrap items-end justify-between gap-3">
      <div>
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {subtitle ? <p className="mt-1 text-sm text-muted">{subtitle}</p> : null}
      </div>
      {actions ? <div className="flex flex-wrap gap-2">{actions}</div> : null}
    </header>
  );
}

export function Card({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <section className="rounded-lg border border-line bg-white p-5">
      {title ? <h2 className="mb-3 text-sm font-semibold text-muted">{title}</h2> : null}
      {children}
    </section>
  );
}

export function Stat({ label, value }: { label: string; value: ReactNode }) {
  return (
    <div className="rounded-lg border border-line bg-white p-4">
      <p className="text-sm text-muted">{label}</p>
      <p className="mt-1 text-2xl font-semibold tabular-nums">{value}</p>
    </div>
  );
}

const badgeTones: Record<string, string> = {
  paid: 'bg-emerald-50 text-emerald-800',
  delivered: 'bg-emerald-50 text-emerald-800',
  accepted: 'bg-emerald-50 text-emerald-800',
  active: 'bg-emerald-50 text-emerald-800',
  open: 'bg-amber-50 text-amber-800',
  overdue: 'bg-rose-50 text-rose-800',
  void: 'bg-slate-100 text-slate-600',
  cancelled: 'bg-slate-100 text-slate-600',
};

export function Badge({ children }: { children: string }) {
  return (
    <span
      className={`inline-block rounded-full px-2 py-0.5 text-xs font-medium ${badgeTones[children] ?? 'bg-brand-soft text-brand-strong'}`}
    >
      {children.replaceAll('_', ' ')}
    </span>
  );
}

export function Table({ head, rows, empty }: { head: string[]; rows: ReactNode[][]; empty: string }) {
  if (rows.length === 0) {
    return <p className="rounded-lg border border-dashed border-line bg-white p-8 text-center text-muted">{empty}</p>;
  }
  return (
    <div className="overflow-x-auto rounded-lg border border-line bg-white">
      <table className="w-full text-left text-sm">
        <thead className="border-b border-line text-xs text-muted">
          <tr>
            {head.map(name => (
              <th key={name} className="px-4 py-2.5 font-medium whitespace-nowrap">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {rows.map((cells, row) => (
            <tr key={row} className="hover:bg-canvas">
              {cells.map((cell, column) => (
                <td key={column} className="px-4 py-2.5 whitespace-nowrap tabular-nums">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function TextLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Link href={href} className="font-medium text-brand hover:underline">
      {children}
    </Link>
  );
}
