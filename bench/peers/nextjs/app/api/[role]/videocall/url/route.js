// The join as a route handler of the App Router, in the Node runtime.
import { NextResponse } from 'next/server';

import { join } from '../../../../../lib/join.mjs';

export const dynamic = 'force-dynamic';

export async function GET(request, { params }) {
  const { role } = await params;
  const { status, body } = await join({
    role, address: (request.headers.get('x-forwarded-for') ?? '').split(',').at(-1).trim(),
    authorization: request.headers.get('authorization'), query: request.nextUrl.searchParams,
  });
  return NextResponse.json(body, { status, headers: { 'cache-control': 'no-store' } });
}
