'use client';

import { useRouter } from 'next/navigation';
import { useEffect } from 'react';

// Buttons come alive when their room opens: looked at every half minute, and when somebody comes back to the page.
export function Reload() {
  const router = useRouter();
  useEffect(() => {
    const look = () => document.visibilityState === 'visible' && router.refresh();
    const timer = setInterval(look, 30_000);
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [router]);
  return null;
}
