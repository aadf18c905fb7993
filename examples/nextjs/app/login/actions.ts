'use server';

import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { personWith } from '@/lib/accounts';
import { forget, mayTry } from '@/lib/attempts';
import { clientAddress } from '@/lib/client-address';
import { safePath, signIn, signOut } from '@/lib/session';
import { settings } from '@/lib/settings';

type LoginAnswer = { mistake?: string; email?: string };

export async function logIn(_before: LoginAnswer, form: FormData): Promise<LoginAnswer> {
  const email = String(form.get('email') ?? '').slice(0, 200);
  const address = clientAddress(await headers(), settings().proxiesInFront) ?? 'unknown';
  const key = `${address} ${email.toLowerCase()}`;
  if (!mayTry(key)) return { mistake: 'Too many attempts. Wait five minutes and try again.', email };
  const person = await personWith(email, String(form.get('password') ?? ''));
  if (!person) return { mistake: 'E-mail or password is not right.', email };
  forget(key);
  await signIn(person);
  redirect(safePath(form.get('next')));
}

export async function logOut() {
  await signOut();
  redirect('/login');
}
