import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = { title: { default: 'Consult', template: '%s · Consult' }, description: 'Talk to an expert, face to face.' };
export const viewport: Viewport = { colorScheme: 'light dark' };
// Every page carries a nonce of its own (proxy.ts) and somebody's data: none is made ahead of time.
export const dynamic = 'force-dynamic';

export default function Layout({ children }: { children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
