import { SupportPresence } from '@/components/support-presence';

export default function SupportPage() {
  return (
    <>
      <h1>Help</h1>
      <p>Write to us any time. Someone from the team is usually around on weekdays.</p>
      <SupportPresence />
    </>
  );
}
