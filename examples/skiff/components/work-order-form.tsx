'use client';

import { useState, useTransition } from 'react';
import { addNote, closeWorkOrder, sendMessage, updateWorkOrder } from '@/app/actions/work-orders';

type Status = 'open' | 'in_progress' | 'done';
type Props = { id: string; title: string; status: Status; dueOn: string | null };

export function WorkOrderForm({ id, title, status, dueOn }: Props) {
  const [name, setName] = useState(title);
  const [text, setText] = useState('');
  const [pending, start] = useTransition();

  const run = (task: () => Promise<unknown>) =>
    start(async () => {
      await task();
    });

  return (
    <div className="card">
      <input value={name} onChange={(event) => setName(event.target.value)} />{' '}
      <button disabled={pending} onClick={() => run(() => updateWorkOrder(id, { title: name, status, due_on: dueOn }))}>
        Save
      </button>{' '}
      <button disabled={pending} onClick={() => run(() => closeWorkOrder(id))}>
        Close
      </button>
      <p>
        <input value={text} onChange={(event) => setText(event.target.value)} placeholder="Write something" />{' '}
        <button disabled={pending} onClick={() => run(() => addNote(id, text))}>
          Add note
        </button>{' '}
        <button disabled={pending} onClick={() => run(() => sendMessage(id, text))}>
          Send
        </button>
      </p>
    </div>
  );
}
