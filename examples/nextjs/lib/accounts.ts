// The people of this marketplace. Put your own user table here; scripts/start.mjs makes a file with three of them.
import 'server-only';
import { scrypt, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Person } from './session';
import { settings } from './settings';

type Account = Person & { email: string; salt: string; hash: string };   // scrypt, base64

const derive = promisify(scrypt) as (password: string, salt: Buffer, bytes: number) => Promise<Buffer>;

let known: Account[] | undefined;
const accounts = (): Account[] => (known ??= JSON.parse(readFileSync(/* turbopackIgnore: true */ settings().accountsFile, 'utf8')) as Account[]);

const personOf = ({ id, name, role }: Account): Person => ({ id, name, role });

export const experts = (): Person[] => accounts().filter((one) => one.role === 'expert').map(personOf);
export const nameOf = (id: string): string => accounts().find((one) => one.id === id)?.name ?? 'Somebody';

export async function personWith(email: string, password: string): Promise<Person | undefined> {
  const account = accounts().find((one) => one.email === email.trim().toLowerCase());
  // Without an account the same work is done, so that the time does not tell which addresses exist.
  const salt = Buffer.from(account?.salt ?? 'AAAAAAAAAAAAAAAAAAAAAA==', 'base64');
  const expected = Buffer.from(account?.hash ?? '', 'base64');
  const given = await derive(password.slice(0, 256), salt, 32);
  const same = expected.length === given.length && timingSafeEqual(expected, given);
  return account && same ? personOf(account) : undefined;
}
