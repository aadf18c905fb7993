// A login as OpenID Connect describes it: a discovery document, a key set, and tokens signed by its keys.
import { createServer } from 'node:http';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

export class FakeLogin {
  static async start({ path = '', algorithm = 'ES256', port = 0 } = {}) {
    const login = new FakeLogin();
    login.algorithm = algorithm;
    login.keys = new Map(); // kid -> { publicKey, privateKey }
    login.calls = []; // paths
    login.act = null; // (request, response) => true where it has answered
    login.cacheControl = 'public, max-age=3600';
    login.server = createServer((request, response) => login.handle(request, response));
    await new Promise((done) => login.server.listen(port, '127.0.0.1', done));
    login.port = login.server.address().port;
    login.origin = `http://127.0.0.1:${login.port}`;
    login.issuer = login.origin + path;
    await login.addKey('k1');
    return login;
  }

  async addKey(kid, algorithm = this.algorithm) {
    this.keys.set(kid, { algorithm, ...(await generateKeyPair(algorithm, { extractable: true })) });
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  count(end) {
    return this.calls.filter((path) => path.endsWith(end)).length;
  }

  async jwks() {
    const keys = [];
    for (const [kid, { publicKey, algorithm }] of this.keys) keys.push({ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' });
    return { keys };
  }

  async handle(request, response) {
    this.calls.push(request.url);
    if (this.act?.(request, response)) return;
    const json = (value) => {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': this.cacheControl });
      response.end(JSON.stringify(value));
    };
    if (request.url.endsWith('/.well-known/openid-configuration')) return json({ issuer: this.issuer, jwks_uri: this.origin + '/keys' });
    if (request.url === '/keys' || /\/jwks(\.json)?$|\/jwk\//.test(request.url)) return json(await this.jwks());
    response.writeHead(404);
    response.end();
  }

  async token(claims = {}, { kid = 'k1', header = {}, life = '1h' } = {}) {
    const { privateKey, algorithm } = this.keys.get(kid);
    const { iss = this.issuer, ...rest } = claims;
    return new SignJWT({ sub: 'expert-1', ...rest }).setProtectedHeader({ alg: algorithm, kid, ...header }).setIssuer(iss).setIssuedAt().setExpirationTime(life).sign(privateKey);
  }
}

// The usual configuration without a shared secret: [session] is `session`.
export const sessionOnly = (configure, session) => (options) =>
  configure(options).replace(/\[session\]\n(?:(?!\[).*\n)*/, () => `[session]\ncookies = ["session"]\n${session}\n`);
