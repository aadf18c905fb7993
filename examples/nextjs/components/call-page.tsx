import { appointments } from '@/lib/appointments';
import { mustBeSignedIn, type Role } from '@/lib/session';
import { Call } from './call';
import { Masthead } from './masthead';

// Whether this person may take this seat is Stagedoor's to say: the element shows what it answers.
export async function CallPage({ role, roomId }: { role: Role; roomId: string }) {
  const person = await mustBeSignedIn(`/${role}/videocall/${encodeURIComponent(roomId)}`);
  // The title is for those who meet, and for nobody who has guessed an address.
  const appointment = appointments().find((one) => one.roomId === roomId && [one.expertId, one.clientId].includes(person.id));
  return (
    <div className="call">
      <Masthead person={person} />
      <Call role={role} roomId={roomId} title={appointment?.title ?? 'Video call'} />
    </div>
  );
}
