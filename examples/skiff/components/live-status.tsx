'use client';

import { useEffect, useState } from 'react';
import { createClient } from '@/utils/supabase/client';

export function LiveStatus() {
  const [online, setOnline] = useState(false);

  useEffect(() => {
    const supabase = createClient();
    const channel = supabase.channel('status').subscribe((status) => setOnline(status === 'SUBSCRIBED'));
    return () => {
      void supabase.removeChannel(channel);
    };
  }, []);

  return <span className="muted">{online ? 'live' : 'offline'}</span>;
}
