// What every scripted vendor is: a server on a free loopback port that remembers what it was asked, and misbehaves on request.
import { createServer } from 'node:http';

export class Fake {
  // `prefix` is the path of the API's base address.
  static async start(prefix = '') {
    const fake = new this();
    fake.calls = []; // { method, path, query, body, headers }
    fake.script = [];
    fake.server = createServer((request, response) => fake.handle(request, response));
    await new Promise((done) => fake.server.listen(0, '127.0.0.1', done));
    fake.origin = `http://127.0.0.1:${fake.server.address().port}`;
    fake.base = fake.origin + prefix;
    return fake;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  // The next `times` requests that match are answered by `act(request, response)`.
  misbehave(act, { method = 'POST', path = /./, times = 1 } = {}) {
    this.script.push({ act, method, path, left: times });
  }
  heal() {
    this.script = [];
  }
  count(method, path) {
    return this.calls.filter((call) => call.method === method && path.test(call.path)).length;
  }

  async handle(request, response) {
    const { pathname: path, searchParams: query, search } = new URL(request.url, 'http://fake');
    let body = '';
    for await (const chunk of request) body += chunk;
    const call = { method: request.method, path, query, search, body, headers: request.headers };
    this.calls.push(call);
    const scripted = this.script.find((one) => one.left > 0 && (one.method === '*' || one.method === request.method) && one.path.test(path));
    if (scripted) {
      scripted.left -= 1;
      return scripted.act(request, response);
    }
    const json = (status, value, headers = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(value === undefined ? '' : JSON.stringify(value));
    };
    return this.answer(call, json, response);
  }
}

export function answer(response, status, value, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}
