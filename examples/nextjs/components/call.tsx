'use client';

import { useRouter } from 'next/navigation';
import { VideoCall } from '@stagedoor/video-call/react';
import type { Role } from '@/lib/session';

export function Call({ role, roomId, title }: { role: Role; roomId: string; title: string }) {
  const router = useRouter();
  return <VideoCall fill label={title} room={roomId} role={role} loginUrl="/login" backUrl="/dashboard" onLeft={() => router.push('/dashboard')} />;
}
