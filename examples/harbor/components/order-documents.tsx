'use client';

import { useState, useTransition } from 'react';
import { renameUpload, replaceUpload } from '@/app/actions/uploads';

export function OrderDocuments({ documents }: { documents: { id: string; filename: string }[] }) {
  const [pending, startTransition] = useTransition();
  const [editing, setEditing] = useState<string | null>(null);

  if (documents.length === 0) return <p className="text-sm text-muted">No documents yet.</p>;
  return (
    <ul className="space-y-2 text-sm">
      {documents.map(document => (
        <li key={document.id} className="flex items-center justify-between gap-2">
          {editing === document.id ? (
            <input
              autoFocus
              className="w-full rounded border border-line px-2 py-1"
              defaultValue={document.filename}
              onBlur={event => {
                const filename = event.target.value;
                setEditing(null);
                if (filename !== document.filename) startTransition(async () => void (await renameUpload(document.id, filename)));
              }}
            />
          ) : (
            <a className="truncate text-brand hover:underline" href={`/api/uploads/${document.id}`}>
              {document.filename}
            </a>
          )}
          <span className="flex shrink-0 gap-2">
            <button className="text-muted" onClick={() => setEditing(document.id)}>
              Rename
            </button>
            <label className="cursor-pointer text-muted">
              Replace
              <input
                type="file"
                className="hidden"
                disabled={pending}
                onChange={event => {
                  const file = event.target.files?.[0];
                  if (file) startTransition(async () => void (await replaceUpload(document.id, await file.text())));
                }}
              />
            </label>
          </span>
        </li>
      ))}
    </ul>
  );
}
