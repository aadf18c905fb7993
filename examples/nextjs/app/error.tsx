'use client';

export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <main className="narrow">
      <h1>That did not work</h1>
      <p>Something went wrong on our side. Try again; if it stays, tell us the number {error.digest ?? 'of the hour'}.</p>
      <p><button className="button" onClick={reset}>Try again</button></p>
    </main>
  );
}
