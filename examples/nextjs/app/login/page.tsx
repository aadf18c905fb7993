import { redirect } from 'next/navigation';
import { safePath, signedIn } from '@/lib/session';
import { LoginForm } from './form';

export const metadata = { title: 'Sign in' };

export default async function Page({ searchParams }: { searchParams: Promise<{ next?: string | string[] }> }) {
  const next = safePath((await searchParams).next);
  if (await signedIn()) redirect(next);
  return (
    <main className="narrow">
      <h1>Sign in</h1>
      <LoginForm next={next} />
    </main>
  );
}
