import { signIn } from '@/app/actions/auth';

export default async function LoginPage({ searchParams }: { searchParams: Promise<{ message?: string }> }) {
  const { message } = await searchParams;

  return (
    <main>
      <h1>Sign in</h1>
      {message && <p className="muted">{message}</p>}
      <form action={signIn} className="card">
        <input name="email" type="email" placeholder="Email" required />{' '}
        <input name="password" type="password" placeholder="Password" required />{' '}
        <button>Sign in</button>
      </form>
    </main>
  );
}
