'use server';

import { randomUUID } from 'node:crypto';
import { revalidatePath } from 'next/cache';
import { experts } from '@/lib/accounts';
import { remember, type Appointment } from '@/lib/appointments';
import { book } from '@/lib/bookings';
import { mustBeSignedIn } from '@/lib/session';

type BookAnswer = { mistake?: string };

// The backend's part: it decides who meets whom, and tells Stagedoor with its service key. The browser never sees that key, and an
// action can be called by anybody who can send a POST, so that everything is checked here.
export async function bookExpert(_before: BookAnswer, form: FormData): Promise<BookAnswer> {
  const person = await mustBeSignedIn('/dashboard');
  if (person.role !== 'client') return { mistake: 'Only clients book.' };
  const title = String(form.get('title') ?? '').trim().slice(0, 80);
  const expert = experts().find((one) => one.id === form.get('expert'));
  const [within, minutes] = [Number(form.get('in')), Number(form.get('minutes'))];
  if (!title) return { mistake: 'Say what it is about.' };
  if (!expert) return { mistake: 'Choose an expert.' };
  if (![0, 30, 60, 1440].includes(within) || ![30, 60].includes(minutes)) return { mistake: 'Choose a time.' };

  const start = Math.floor(Date.now() / 1000) * 1000 + within * 60_000;
  const appointment: Appointment = {
    roomId: `room-${randomUUID()}`,
    title,
    expertId: expert.id,
    clientId: person.id,
    startsAt: new Date(start).toISOString(),
    endsAt: new Date(start + minutes * 60_000).toISOString(),
  };
  try {
    await book(appointment);
  } catch (error) {
    console.error(JSON.stringify({ event: 'book_failed', roomId: appointment.roomId, error: (error as Error).message }));
    return { mistake: 'The appointment could not be booked. Nothing was stored; try again in a moment.' };
  }
  remember(appointment);
  revalidatePath('/dashboard');
  return {};
}
