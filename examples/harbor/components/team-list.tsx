'use client';

import { useState } from 'react';

interface Teammate {
  id: string;
  name: string;
  email: string;
  role: string;
  title: string | null;
}

export function TeamList({ team }: { team: Teammate[] }) {
  const [filter, setFilter] = useState('');
  const shown = team.filter(person => person.name.toLowerCase().includes(filter.toLowerCase()));
  return (
    <div className="rounded-lg border border-line bg-white">
      <input
        className="w-full border-b border-line px-4 py-2.5 text-sm outline-none"
        placeholder="Filter by name"
        value={filter}
        onChange={event => setFilter(event.target.value)}
      />
      <ul className="divide-y divide-line">
        {shown.map(person => (
          <li key={person.id} className="flex justify-between gap-4 px-4 py-3 text-sm">
            <span>
              <span className="font-medium">{person.name}</span>
              <span className="block text-muted">{person.title ?? person.email}</span>
            </span>
            <span className="text-muted">{person.role}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
