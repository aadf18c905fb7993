'use client';

import { useActionState } from 'react';
import type { Person } from '@/lib/session';
import { bookExpert } from './actions';

export function BookForm({ experts }: { experts: Person[] }) {
  const [answer, submit, waiting] = useActionState(bookExpert, {});
  return (
    <form action={submit} className="card">
      <h2>Book an expert</h2>
      <label>About <input name="title" required maxLength={80} placeholder="What do you want to talk about?" /></label>
      <div className="fields">
        <label>Expert <select name="expert">{experts.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}</select></label>
        <label>When <select name="in" defaultValue="0">
          <option value="0">now</option><option value="30">in 30 minutes</option><option value="60">in an hour</option><option value="1440">tomorrow</option>
        </select></label>
        <label>For <select name="minutes" defaultValue="30">
          <option value="30">30 minutes</option><option value="60">an hour</option>
        </select></label>
      </div>
      <p role="alert" className="mistake">{answer.mistake}</p>
      <button className="button" disabled={waiting}>{waiting ? 'Booking …' : 'Book'}</button>
    </form>
  );
}
