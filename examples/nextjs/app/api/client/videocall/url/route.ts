import { forward } from '@/lib/forward';

export const dynamic = 'force-dynamic';

export const GET = (request: Request) => forward(request, '/api/client/videocall/url');
export const HEAD = GET;
