'use client';

import { useState } from 'react';

type Integration = { id: string; provider: string; account_name: string | null; connected_at: string };

export function IntegrationList({ integrations }: { integrations: Integration[] }) {
  const [filter, setFilter] = useState('');

  return (
    <>
      <input value={filter} onChange={(event) => setFilter(event.target.value)} placeholder="Filter" />
      {integrations
        .filter((integration) => integration.provider.includes(filter))
        .map((integration) => (
          <div className="card" key={integration.id}>
            {integration.provider} · {integration.account_name}
          </div>
        ))}
    </>
  );
}
