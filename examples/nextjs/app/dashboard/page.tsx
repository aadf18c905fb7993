import Link from 'next/link';
import { Masthead } from '@/components/masthead';
import { Time } from '@/components/time';
import { experts, nameOf } from '@/lib/accounts';
import { appointments, type Appointment } from '@/lib/appointments';
import { ownBookings, Refused, type Booking } from '@/lib/bookings';
import { mustBeSignedIn, type Person } from '@/lib/session';
import { Reload } from './reload';
import { BookForm } from './form';

export const metadata = { title: 'Your appointments' };

export default async function Page() {
  const person = await mustBeSignedIn('/dashboard');
  const known = new Map(appointments().map((one) => [one.roomId, one]));
  let bookings: Booking[] | undefined;
  let trouble = '';
  try {
    bookings = await ownBookings(person.role);
  } catch (error) {
    console.error(JSON.stringify({ event: 'bookings_failed', error: (error as Error).message }));
    trouble = error instanceof Refused ? error.problem.detail : 'The video service cannot be reached right now. Your appointments stand.';
  }
  return (
    <>
      <Masthead person={person} />
      <main>
        <h1>Your appointments</h1>
        {trouble && <p role="alert" className="card mistake">{trouble}</p>}
        {bookings?.length === 0 && <p className="card">Nothing is booked{person.role === 'client' ? ' yet.' : '. Clients book you from their page.'}</p>}
        <ul className="bookings">
          {bookings?.map((one) => <Row key={one.roomId} booking={one} appointment={known.get(one.roomId)} person={person} />)}
        </ul>
        {person.role === 'client' && <BookForm experts={experts()} />}
        <Reload />
      </main>
    </>
  );
}

function Row({ booking, appointment, person }: { booking: Booking; appointment: Appointment | undefined; person: Person }) {
  const other = appointment && nameOf(person.role === 'expert' ? appointment.clientId : appointment.expertId);
  const title = appointment?.title ?? booking.roomId;
  return (
    <li className="card booking">
      <div>
        <h2>{title}</h2>
        <p>{other && <>with {other} · </>}<Time at={booking.startsAt} /> – <Time at={booking.endsAt} only="time" /></p>
      </div>
      {booking.joinable
        ? <Link className="button" prefetch={false} href={`/${person.role}/videocall/${encodeURIComponent(booking.roomId)}`}>Join Meeting</Link>
        : <Link className="button waiting" prefetch={false} href={`/${person.role}/videocall/${encodeURIComponent(booking.roomId)}`}>
            Opens <Time at={booking.opensAt} only="time" />
          </Link>}
    </li>
  );
}
