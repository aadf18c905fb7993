import Link from 'next/link';

export const metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <main className="narrow">
      <h1>Nothing is here</h1>
      <p>The link may be mistyped, or the page has moved.</p>
      <p><Link className="button" href="/dashboard">Your appointments</Link></p>
    </main>
  );
}
