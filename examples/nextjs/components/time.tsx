'use client';

import { useSyncExternalStore } from 'react';

const never = () => () => {};

// The server knows no time zone of the reader's: it writes UTC, and the browser its own.
export function Time({ at, only }: { at: string; only?: 'time' }) {
  const inBrowser = useSyncExternalStore(never, () => true, () => false);
  const style: Intl.DateTimeFormatOptions = only ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
  const text = inBrowser
    ? new Intl.DateTimeFormat(undefined, style).format(new Date(at))
    : new Intl.DateTimeFormat('en-GB', { ...style, timeZone: 'UTC' }).format(new Date(at)) + ' UTC';
  return <time dateTime={at}>{text}</time>;
}
