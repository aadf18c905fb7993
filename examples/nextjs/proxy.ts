// The headers of every page: who may run scripts in it, what it may frame, and who gets the camera.
import { NextResponse, type NextRequest } from 'next/server';

export function proxy(request: NextRequest) {
  const video = (process.env.VIDEO_ORIGINS || process.env.STAGEDOOR_ORIGIN || '').split(/\s+/).filter(Boolean);
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64');
  const developing = process.env.NODE_ENV === 'development';

  const policy = [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${developing ? " 'unsafe-eval'" : ''}`,
    `style-src 'self' ${developing ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    `frame-src ${video.join(' ') || "'none'"}`,   // the call's iframe, and nothing else
    "frame-ancestors 'none'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');

  // An iframe gets camera and microphone only if both agree: this header, which must name its origin, and the iframe's `allow`,
  // which the element sets. A header that says camera=() or camera=(self) silences every provider.
  const allowed = ['self', ...video.map((one) => `"${one}"`)].join(' ');
  const features = ['camera', 'microphone', 'display-capture', 'autoplay', 'fullscreen'].map((one) => `${one}=(${allowed})`).join(', ');

  const headers = new Headers(request.headers);
  headers.set('content-security-policy', policy);   // Next reads the nonce from here and gives it to its own scripts
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  response.headers.set('permissions-policy', features);
  response.headers.set('referrer-policy', 'strict-origin-when-cross-origin');
  response.headers.set('x-content-type-options', 'nosniff');
  response.headers.set('cache-control', 'private, no-store');
  if (process.env.APP_ORIGIN?.startsWith('https:')) response.headers.set('strict-transport-security', 'max-age=31536000');
  return response;
}

// Pages only: files carry no scripts of their own, and what /api answers is Stagedoor's.
export const config = { matcher: ['/((?!api/|_next/static|_next/image|favicon.ico).*)'] };
