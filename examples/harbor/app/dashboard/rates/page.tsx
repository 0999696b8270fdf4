import { Button, PageHeader, Table } from '@/components/ui';
import { money } from '@/lib/format';
import { laneRates } from '@/lib/rates';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Lane rates' };

export default async function RatesPage({ searchParams }: { searchParams: Promise<{ lane?: string }> }) {
  await requireMember();
  const { lane = '' } = await searchParams;
  const rates = await laneRates(lane);
  return (
    <>
      <PageHeader title="Lane rates" subtitle="Use past quotes to price the next one." />
      <form className="mb-6 flex gap-2">
        <input
          name="lane"
          defaultValue={lane}
          placeholder="Chicago"
          className="w-full max-w-sm rounded-md border border-line bg-white px-3 py-2 text-sm"
        />
        <Button type="submit">Show</Button>
      </form>
      <Table
        head={['Lane', 'Customer', 'Rate']}
        empty="No quotes for this lane."
        rows={rates.map(rate => [rate.lane, rate.customerName, money(rate.rateCents)])}
      />
    </>
  );
}
