'use client';

import { useActionState } from 'react';
import { logIn } from './actions';

export function LoginForm({ next }: { next: string }) {
  const [answer, submit, waiting] = useActionState(logIn, {});
  return (
    <form action={submit} className="card">
      <input type="hidden" name="next" value={next} />
      <label>E-mail <input name="email" type="email" autoComplete="username" required maxLength={200} defaultValue={answer.email} /></label>
      <label>Password <input name="password" type="password" autoComplete="current-password" required maxLength={256} /></label>
      <p role="alert" className="mistake">{answer.mistake}</p>
      <button className="button" disabled={waiting}>{waiting ? 'Signing in …' : 'Sign in'}</button>
    </form>
  );
}
