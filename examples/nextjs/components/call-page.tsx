import { mustBeSignedIn, type Role } from '@/lib/session';
import { Call } from './call';
import { Masthead } from './masthead';

// Whether this person may take this seat is Stagedoor's to say: the element shows what it answers.
export async function CallPage({ role, roomId }: { role: Role; roomId: string }) {
  const person = await mustBeSignedIn(`/${role}/videocall/${encodeURIComponent(roomId)}`);
  return (
    <div className="call">
      <Masthead person={person} />
      <Call role={role} roomId={roomId} />
    </div>
  );
}
