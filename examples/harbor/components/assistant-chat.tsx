'use client';

import { useState, type FormEvent } from 'react';
import { Button } from './ui';

interface Turn {
  from: 'you' | 'assistant';
  text: string;
}

export function AssistantChat() {
  const [turns, setTurns] = useState<Turn[]>([]);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const message = String(new FormData(form).get('message'));
    form.reset();
    const find = /^find (.+)$/i.exec(message);
    const response = await fetch('/api/assistant', {
      method: 'POST',
      body: JSON.stringify(find ? { toolName: 'findOrders', input: { text: find[1] } } : { message }),
    });
    const body: { reply?: string; output?: unknown } = await response.json();
    setTurns(before => [
      ...before,
      { from: 'you', text: message },
      { from: 'assistant', text: body.reply ?? JSON.stringify(body.output, null, 2) },
    ]);
  }

  return (
    <div className="rounded-lg border border-line bg-white">
      <div className="min-h-48 space-y-3 p-4 text-sm">
        {turns.map((turn, index) => (
          <pre key={index} className={`font-sans whitespace-pre-wrap ${turn.from === 'you' ? 'text-brand-strong' : ''}`}>
            {turn.text}
          </pre>
        ))}
      </div>
      <form onSubmit={submit} className="flex gap-2 border-t border-line p-3">
        <input name="message" required placeholder="find CHI-1042" className="w-full px-2 text-sm outline-none" />
        <Button type="submit">Send</Button>
      </form>
    </div>
  );
}
