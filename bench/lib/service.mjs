// A video service that makes rooms: it takes its time over each, or never answers.
import { createServer } from 'node:http';

import { atTheEnd } from './processes.mjs';

// `delayMs` of Infinity is a service that is stuck. `made` counts the rooms that it was asked for.
export async function startService(delayMs) {
  const service = { made: 0 };
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== 'PUT') return void response.writeHead(404).end();
    ++service.made;
    if (delayMs < Infinity)
      setTimeout(() => response.writeHead(201, { 'content-type': 'application/json' }).end('{"state":"open"}'), delayMs);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  atTheEnd(() => server.close(server.closeAllConnections()));
  return Object.assign(service, { url: `http://127.0.0.1:${server.address().port}/api` });
}
