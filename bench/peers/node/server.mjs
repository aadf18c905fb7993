// The join on node:http alone; see ../nextjs/lib/join.mjs.
import { createServer } from 'node:http';

import { join } from '../nextjs/lib/join.mjs';

const route = /^\/api\/(expert|client)\/videocall\/url$/;

createServer((request, response) => {
  const [path, query = ''] = request.url.split('?', 2);
  const matched = route.exec(path);
  if (!matched || request.method !== 'GET') return void response.writeHead(404).end();
  join({
    role: matched[1], address: (request.headers['x-forwarded-for'] ?? '').split(',').at(-1).trim(),
    authorization: request.headers.authorization, query: new URLSearchParams(query),
  }).then(({ status, body }) => {
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store',
    }).end(text);
  }, () => response.writeHead(500).end());
}).listen(Number(process.env.PORT), '127.0.0.1');
