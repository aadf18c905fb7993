// What the marketplace itself knows of an appointment. A database in real life; a small file here, replaced as a whole.
import 'server-only';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { settings } from './settings';

export type Appointment = { roomId: string; title: string; expertId: string; clientId: string; startsAt: string; endsAt: string };

export function appointments(): Appointment[] {
  try {
    return JSON.parse(readFileSync(/* turbopackIgnore: true */ settings().appointmentsFile, 'utf8')) as Appointment[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function write(all: Appointment[]) {
  const file = settings().appointmentsFile;
  writeFileSync(/* turbopackIgnore: true */ `${file}.new`, JSON.stringify(all, null, 2), { mode: 0o600 });
  renameSync(/* turbopackIgnore: true */ `${file}.new`, file);
}

const dayAgo = () => new Date(Date.now() - 24 * 3600_000).toISOString();

export const remember = (one: Appointment) =>
  write([...appointments().filter((old) => old.endsAt > dayAgo() && old.roomId !== one.roomId), one]);
