'use client';

import { useState, useTransition } from 'react';
import { createApiKey, revokeApiKey } from '@/app/actions/api-keys';
import type { apiKeys as apiKeysTable } from '@/lib/db/schema';
import { QuietButton } from './ui';

export function ApiKeyList({ apiKeys }: { apiKeys: (typeof apiKeysTable.$inferSelect)[] }) {
  const [pending, startTransition] = useTransition();
  const [created, setCreated] = useState<string | null>(null);
  return (
    <div className="space-y-3 text-sm">
      <ul className="divide-y divide-line">
        {apiKeys.map(key => (
          <li key={key.id} className="flex justify-between gap-3 py-2">
            <span>
              {key.name} <span className="text-muted">{key.prefix}…</span>
            </span>
            <button
              className="text-muted"
              disabled={pending}
              onClick={() => startTransition(async () => void (await revokeApiKey(key.id)))}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {created ? <p className="rounded bg-brand-soft p-2 font-mono text-xs break-all">{created}</p> : null}
      <QuietButton
        disabled={pending}
        onClick={() =>
          startTransition(async () => {
            const { key } = await createApiKey('New key');
            setCreated(key);
          })
        }
      >
        Create key
      </QuietButton>
    </div>
  );
}
