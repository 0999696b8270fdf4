import { requireUser } from '@/lib/auth';
import { formatDate } from '@/lib/format';

export default async function AnnouncementsPage() {
  const { supabase } = await requireUser();
  const { data: announcements } = await supabase
    .from('announcements')
    .select('id, title, body, published_at')
    .order('published_at', { ascending: false });

  return (
    <>
      <h1>News from the yard</h1>
      {announcements?.map((announcement) => (
        <article className="card" key={announcement.id}>
          <h2>{announcement.title}</h2>
          <p>{announcement.body}</p>
          <span className="muted">{formatDate(announcement.published_at)}</span>
        </article>
      ))}
    </>
  );
}
