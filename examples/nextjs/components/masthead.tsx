import Link from 'next/link';
import { logOut } from '@/app/login/actions';
import type { Person } from '@/lib/session';

export function Masthead({ person }: { person: Person }) {
  return (
    <header className="masthead">
      <Link href="/dashboard" className="brand">Consult</Link>
      <span className="who">{person.name} <small>{person.role}</small></span>
      <form action={logOut}><button className="quiet">Sign out</button></form>
    </header>
  );
}
