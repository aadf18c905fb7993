import { forward } from '@/lib/forward';

export const dynamic = 'force-dynamic';

export const GET = (request: Request) => forward(request, '/api/expert/videocall/url');
export const HEAD = GET;
