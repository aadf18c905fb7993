// A marketplace's page at an origin of its own, with the element in it.
import { createServer } from 'node:http';

export async function hostPage({ stagedoor, room, role = 'expert', headers = {}, port = 0 }) {
  const server = createServer((request, response) => {
    // As strict as a page with the element can be: no inline script, no style of its own, no string made into HTML.
    const policy = `default-src 'none'; script-src ${stagedoor}; connect-src ${stagedoor}; frame-src ${stagedoor}; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy, ...headers });
    response.end(`<!doctype html><html lang="en"><title>Marketplace</title><h1>Your call</h1>
<script type="module" src="${stagedoor}/assets/videocall.js"></script>
<video-call room="${room}" role="${role}"></video-call>`);
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
