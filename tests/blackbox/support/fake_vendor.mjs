// What all scripted vendors have in common: a server on loopback, what it was asked, and misbehaving on request.
import { createServer } from 'node:http';

export class FakeVendor {
  static async start() {
    const fake = new this();
    fake.calls = []; // { method, path, query, body, headers }
    fake.script = [];
    fake.server = createServer((request, response) => fake.#handle(request, response).catch(() => response.destroy()));
    await new Promise((done) => fake.server.listen(0, '127.0.0.1', done));
    fake.origin = `http://127.0.0.1:${fake.server.address().port}`;
    return fake;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  // The next `times` requests that match are answered by `act(request, response)`; all others as the vendor would.
  misbehave(act, { method, path = /./, times = 1 } = {}) {
    this.script.push({ act, method, path, left: times });
  }
  heal() {
    this.script = [];
    this.calls = [];
  }
  count(method, path) {
    return this.calls.filter((call) => call.method === method && path.test(call.path)).length;
  }

  async #handle(request, response) {
    const url = new URL(request.url, 'http://fake');
    let body = '';
    for await (const chunk of request) body += chunk;
    const call = { method: request.method, path: url.pathname, query: url.searchParams, search: url.search, body, headers: request.headers };
    this.calls.push(call);
    const scripted = this.script.find((one) => one.left > 0 && (!one.method || one.method === call.method) && one.path.test(call.path));
    if (scripted) {
      scripted.left -= 1;
      return scripted.act(request, response);
    }
    return this.answer(call, (status, value, headers = {}) => json(response, status, value, headers), response);
  }
}

export function json(response, status, value, headers = {}) {
  const body = value === undefined ? '' : JSON.stringify(value);
  response.writeHead(status, { ...(body ? { 'content-type': 'application/json' } : {}), ...headers });
  response.end(body);
}

// Tokens as an endpoint of OAuth 2 gives them out; `good` looks at what came and gives an error to answer with, or nothing.
export class TokenDesk {
  issued = new Map(); // token -> expires at
  #next = 1;
  constructor(life = 3600) {
    this.life = life;
  }
  issue() {
    const token = `token-of-the-fake-${this.#next++}`;
    this.issued.set(token, Date.now() + this.life * 1000);
    return { access_token: token, token_type: 'Bearer', expires_in: this.life };
  }
  accepts(header) {
    const token = /^Bearer (.+)$/.exec(header ?? '')?.[1];
    return (this.issued.get(token) ?? 0) > Date.now();
  }
  revoke() {
    this.issued.clear();
  }
}
