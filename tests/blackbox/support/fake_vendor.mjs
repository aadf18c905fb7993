// Vendors whose tokens come from an endpoint of their own, and what their tests share.
import { Fake } from './fake.mjs';

export class FakeVendor extends Fake {
  misbehave(act, { method = '*', ...more } = {}) {
    super.misbehave(act, { method, ...more });
  }
  heal() {
    super.heal();
    this.calls = [];
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
  constructor(life = 3600, of = '') {
    this.life = life;
    this.of = of; // whose tokens they are, where there are several of one type
  }
  issue() {
    const token = `token-of-the-fake-${this.of}${this.#next++}`;
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
