'use client';

import { useRef, useTransition } from 'react';
import { addCallNote, addNote, pinNote } from '@/app/actions/notes';
import { QuietButton } from './ui';

interface Props {
  organizationId: string;
  customerId: string;
  notes: { id: string; body: string; pinned: boolean }[];
}

export function CustomerNotes({ organizationId, customerId, notes }: Props) {
  const [pending, startTransition] = useTransition();
  const text = useRef<HTMLTextAreaElement>(null);

  function save(kind: 'note' | 'call') {
    const body = text.current?.value.trim();
    if (!body) return;
    startTransition(async () => {
      if (kind === 'note') await addNote({ organizationId, customerId, body });
      else await addCallNote({ customerId, summary: body });
      if (text.current) text.current.value = '';
    });
  }

  return (
    <div className="space-y-3 text-sm">
      <textarea ref={text} rows={2} className="w-full rounded-md border border-line p-2" placeholder="Only your team sees this" />
      <div className="flex gap-2">
        <QuietButton disabled={pending} onClick={() => save('note')}>
          Add note
        </QuietButton>
        <QuietButton disabled={pending} onClick={() => save('call')}>
          Log call
        </QuietButton>
      </div>
      <ul className="space-y-2">
        {notes.map(note => (
          <li key={note.id} className="flex justify-between gap-2 border-t border-line pt-2">
            <span>{note.body}</span>
            <button
              className="shrink-0 text-muted"
              onClick={() => startTransition(async () => void (await pinNote(note.id, !note.pinned)))}
            >
              {note.pinned ? 'Unpin' : 'Pin'}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
