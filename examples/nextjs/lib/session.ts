// The session: an HS256 token in a cookie that scripts cannot read. Stagedoor verifies the same token with the same secret, so that
// nobody has to ask anybody who is calling.
import 'server-only';
import { jwtVerify, SignJWT } from 'jose';
import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';
import { settings } from './settings';

export type Role = 'expert' | 'client';
export type Person = { id: string; name: string; role: Role };

export const sessionCookie = 'session';
const hours = 8;

const key = () => new TextEncoder().encode(settings().sessionSecret);

export async function signIn(person: Person) {
  const { appOrigin, stagedoorOrigin } = settings();
  const token = await new SignJWT({ name: person.name, role: person.role })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(person.id)
    .setIssuer(appOrigin)
    .setAudience(stagedoorOrigin)
    .setIssuedAt()
    .setExpirationTime(`${hours}h`)
    .sign(key());
  (await cookies()).set(sessionCookie, token, {
    httpOnly: true,
    secure: appOrigin.startsWith('https:'),
    sameSite: 'lax',   // the link in a reminder's e-mail opens the page signed in; no other site's form or script can use it
    path: '/',
    maxAge: hours * 3600,
  });
}

export async function signOut() {
  (await cookies()).delete(sessionCookie);
}

export const sessionToken = async () => (await cookies()).get(sessionCookie)?.value;

// Who is signed in here. Verified again by Stagedoor, which knows nothing of this function.
export async function signedIn(): Promise<Person | undefined> {
  const token = await sessionToken();
  if (!token) return undefined;
  const { appOrigin, stagedoorOrigin } = settings();
  try {
    const { payload } = await jwtVerify(token, key(), {
      algorithms: ['HS256'], issuer: appOrigin, audience: stagedoorOrigin, requiredClaims: ['sub', 'exp', 'role'],
    });
    return { id: payload.sub!, name: String(payload.name ?? ''), role: payload.role === 'expert' ? 'expert' : 'client' };
  } catch {
    return undefined;
  }
}

// For pages: whoever is not signed in goes to the login and comes back.
export async function mustBeSignedIn(backTo: string): Promise<Person> {
  const person = await signedIn();
  if (!person) redirect(`/login?next=${encodeURIComponent(backTo)}`);
  return person;
}

// Where the login may send somebody: into this app, never to another site ("//evil.example" is one).
export const safePath = (next: unknown): string =>
  typeof next === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : '/dashboard';
