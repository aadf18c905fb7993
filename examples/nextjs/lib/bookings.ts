// What this app asks Stagedoor for itself: a person's bookings with that person's session, new bookings with the service key.
import 'server-only';
import { headers } from 'next/headers';
import type { Appointment } from './appointments';
import { fieldsFor } from './forward';
import { sessionToken, type Role } from './session';
import { settings } from './settings';
import { ask, textOf } from './stagedoor';

export type Booking = {
  roomId: string;
  startsAt: string;
  endsAt: string;
  joinable: boolean;
  opensAt: string;
  closesAt: string;
};

export type Problem = { status: number; code: string; detail: string };

export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

async function json<T>(question: Parameters<typeof ask>[0]): Promise<T> {
  const answer = await ask({ ...question, signal: AbortSignal.timeout(10_000) });
  const body = JSON.parse(await textOf(answer)) as T;
  if (answer.status >= 400) throw new Refused(body as unknown as Problem);
  return body;
}

// The caller's own bookings that are not over, soonest first.
export async function ownBookings(role: Role): Promise<Booking[]> {
  const fields = fieldsFor(await headers(), await sessionToken());
  const { bookings } = await json<{ bookings: Booking[] }>({
    method: 'GET', path: `/api/${role}/bookings?limit=50`, headers: { ...fields, accept: 'application/json' },
  });
  return bookings;
}

// Tells Stagedoor about an appointment. May be repeated: the same PUT changes nothing.
export async function book({ roomId, startsAt, endsAt, expertId, clientId }: Appointment) {
  const body = {
    startsAt, endsAt,
    participants: [{ userId: expertId, role: 'expert' }, { userId: clientId, role: 'client' }],
  };
  await json({
    method: 'PUT',
    path: `/api/bookings/${encodeURIComponent(roomId)}`,
    headers: { authorization: `Bearer ${settings().serviceKey}`, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
}
