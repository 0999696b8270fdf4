import { Button, PageHeader, Table } from '@/components/ui';
import { searchNotes, searchWorkspace } from '@/lib/search';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Search' };

export default async function SearchPage({ searchParams }: { searchParams: Promise<{ q?: string }> }) {
  const member = await requireMember();
  const { q = '' } = await searchParams;
  const term = q.trim();
  const results =
    term.length < 2 ? [] : [...(await searchWorkspace(member.organizationId, term)), ...(await searchNotes(term))];
  return (
    <>
      <PageHeader title="Search" subtitle="Orders, customers and notes." />
      <form className="mb-6 flex gap-2">
        <input
          name="q"
          defaultValue={term}
          placeholder="Reference, shipper, anything you noted"
          className="w-full max-w-lg rounded-md border border-line bg-white px-3 py-2 text-sm"
        />
        <Button type="submit">Search</Button>
      </form>
      {term.length < 2 ? null : (
        <Table
          head={['Kind', 'Title', 'Detail']}
          empty={`Nothing matches “${term}”.`}
          rows={results.map(result => [
            result.kind,
            result.title,
            <span key="detail" className="block max-w-lg truncate">
              {result.detail}
            </span>,
          ])}
        />
      )}
    </>
  );
}
