// Next.js behind a server of our own, for one reason: `next start` keeps an X-Forwarded-For that a caller has sent and adds nothing to
// it, so that nobody behind it can tell who is calling. Here the address of the socket is written at its end, as every reverse proxy does.
import { createServer } from 'node:http';
import next from 'next';

const hostname = process.env.HOST ?? 'localhost';
const port = Number(process.env.PORT ?? 3002);
const dev = process.env.NODE_ENV === 'development';
const proxiesInFront = Number(process.env.PROXIES_IN_FRONT ?? 0);

const app = next({ dev, dir: import.meta.dirname ?? new URL('.', import.meta.url).pathname, hostname, port });
await app.prepare();
const handle = app.getRequestHandler();

const server = createServer((request, response) => {
  const { headers } = request;
  const address = request.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
  // Where no proxy of ours stands in front, nobody may speak of one.
  if (proxiesInFront === 0) for (const name of ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']) delete headers[name];
  headers['x-forwarded-for'] = headers['x-forwarded-for'] ? `${headers['x-forwarded-for']}, ${address}` : address;
  handle(request, response);
});
if (dev) server.on('upgrade', app.getUpgradeHandler());
server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? `Port ${port} is taken. PORT=… takes another.` : error.message);
  process.exit(1);
});
server.listen(port, hostname, () => console.log(`The app listens on http://${hostname}:${port}`));

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (stopping) process.exit(1);
    stopping = true;
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    // Event streams wait as long as their room is closed; their pages ask again elsewhere.
    setTimeout(() => server.closeAllConnections(), 5_000).unref();
  });
}
