import { CallPage } from '@/components/call-page';

export const metadata = { title: 'Your call' };

export default async function Page({ params }: { params: Promise<{ roomId: string }> }) {
  return <CallPage role="expert" roomId={decodeURIComponent((await params).roomId)} />;
}
