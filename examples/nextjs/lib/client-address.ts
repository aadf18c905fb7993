// Who is calling, for Stagedoor's limit per address.
import { isIP } from 'node:net';

// X-Forwarded-For as it reaches the routes ends with what server.mjs wrote there: the address of the socket. Before it stands what each
// of our own reverse proxies appended. Everything further left was sent by the caller and may be invented.
export function clientAddress(headers: Headers, proxiesInFront: number): string | undefined {
  const hops = (headers.get('x-forwarded-for') ?? '').split(',').map((one) => one.trim());
  const address = hops.at(-1 - proxiesInFront);
  return address && isIP(address) ? address : undefined;
}
