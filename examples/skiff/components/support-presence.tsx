'use client';

import { createClient } from '@supabase/supabase-js';
import { useEffect, useState } from 'react';

const supabase = createClient(
  process.env.NEXT_PUBLIC_SUPABASE_URL!,
  process.env.NEXT_PUBLIC_SUPABASE_SERVICE_ROLE_KEY!,
);

export function SupportPresence() {
  const [people, setPeople] = useState(0);

  useEffect(() => {
    const channel = supabase.channel('support');
    channel
      .on('presence', { event: 'sync' }, () => setPeople(Object.keys(channel.presenceState()).length))
      .subscribe();
    return () => {
      void supabase.removeChannel(channel);
    };
  }, []);

  return <p className="muted">{people > 0 ? `${people} of us online` : 'Leave us a message'}</p>;
}
