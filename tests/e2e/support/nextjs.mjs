// The Next.js example: its server alone, or everything by its one command; and an app that has nothing but `rewrites()`.
import { spawn, spawnSync } from 'node:child_process';
import http from 'node:http';
import https from 'node:https';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, freePort, serviceKey, session, sessionSecret } from '../../blackbox/support/stagedoor.mjs';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const example = join(repository, 'examples/nextjs');
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function start(args, environment, ready, cwd = example) {
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  const app = { log: '', child, ended: new Promise((done) => child.on('exit', (code, signal) => done({ code, signal }))) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (app.log += text));
  let gone = false;
  app.ended.then(() => (gone = true));
  for (const end = Date.now() + 120_000; !ready.test(app.log); await sleep(50))
    if (gone || Date.now() > end) throw new Error(`the app did not start:\n${app.log}`);
  app.stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    const how = await app.ended;
    clearTimeout(timer);
    return how;
  };
  return app;
}

// The app's server against the Stagedoor at `stagedoor` (as STAGEDOOR_URL).
export async function startApp({ stagedoor, stagedoorOrigin = 'http://localhost:3003', environment = {} }) {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-nextjs-test-'));
  const file = (name, text) => (writeFileSync(join(folder, name), text, { mode: 0o600 }), join(folder, name));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const app = await start(['server.mjs'], {
    NODE_ENV: 'production', PORT: String(port), HOST: '0.0.0.0', APP_ORIGIN: origin, STAGEDOOR_ORIGIN: stagedoorOrigin, STAGEDOOR_URL: stagedoor,
    SESSION_SECRET_FILE: file('session.secret', sessionSecret), STAGEDOOR_SERVICE_KEY_FILE: file('service.key', serviceKey.padEnd(40, 'x')),
    ACCOUNTS_FILE: file('accounts.json', '[]'), APPOINTMENTS_FILE: join(folder, 'appointments.json'), ...environment,
  }, /The app listens/);
  const stop = app.stop;
  return Object.assign(app, {
    port, origin,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

// `npm start`: secrets, configuration, Stagedoor and app. With `--dev` it is `npm run dev`.
export async function startExample(...options) {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-nextjs-test-'));
  const [port, stagedoorPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const app = await start(['scripts/start.mjs', ...options], {
    PORT: String(port), STAGEDOOR_PORT: String(stagedoorPort), STAGEDOOR_ADMIN_PORT: String(adminPort), LOCAL_FOLDER: folder, STAGEDOOR_BINARY: binary,
  }, /The app listens/);
  const stop = app.stop;
  return Object.assign(app, {
    origin: `http://localhost:${port}`,
    stagedoorOrigin: `http://localhost:${stagedoorPort}`,
    password: readFileSync(join(folder, 'password'), 'utf8'),
    stop: async () => {
      const how = await stop();
      rmSync(folder, { recursive: true, force: true });
      return how;
    },
  });
}

// The blocks of code in docs/nextjs.md that are in this language, as they stand there.
export const documented = (language) =>
  [...readFileSync(join(repository, 'docs/nextjs.md'), 'utf8').matchAll(new RegExp(`\\n\`\`\`${language}\\n(.*?)\\n\`\`\``, 'gs'))].map(([, code]) => code);

// `next start` of an app that only has the documented `rewrites()`. Their destination is fixed when it is built: it is built once for some
// free port, and stays in tests/e2e/artifacts as long as nothing of it changes.
export async function startRewrites() {
  const folder = join(repository, 'tests/e2e/artifacts/rewrites');
  const next = join(example, 'node_modules/next');
  const code = documented('ts').find((one) => one.includes('async rewrites()'));
  const made = JSON.stringify([code, JSON.parse(readFileSync(join(next, 'package.json'), 'utf8')).version, repository]);
  const read = (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
  let destination = Number(read('destination'));
  if (read('made') !== made || !(await freePort(destination).catch(() => 0))) {
    destination = await freePort();
    const config = `export default { turbopack: { root: ${JSON.stringify(repository)} }, ${code.replace('https://stagedoor.internal', `http://127.0.0.1:${destination}`)} };\n`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'app'), { recursive: true });
    symlinkSync(join(example, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'next.config.mjs'), config);
    writeFileSync(join(folder, 'app/layout.jsx'), 'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }\n');
    writeFileSync(join(folder, 'app/page.jsx'), 'export default function Page() { return <p>App</p>; }\n');
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(next, 'dist/bin/next'), 'build'], { cwd: folder, encoding: 'utf8', env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } });
    if (status !== 0) throw new Error(`next build failed:\n${stdout}${stderr}`);
    writeFileSync(join(folder, 'destination'), String(destination));
    writeFileSync(join(folder, 'made'), made);
  }
  const port = await freePort();
  const app = await start([join(next, 'dist/bin/next'), 'start', '--port', String(port)], { NEXT_TELEMETRY_DISABLED: '1' }, /Ready in/, folder);
  return Object.assign(app, { port, origin: `http://127.0.0.1:${port}`, destination });
}

export const joinPath = (room, role = 'expert') => `/api/${role}/videocall/url?roomId=${room}`;

// A request as a browser would send it, from any address of the loopback network; answered once its head is there.
export function ask({ port, secure }, where, { headers = {}, from = '127.0.0.1', method = 'GET' } = {}) {
  const how = { host: '127.0.0.1', port, path: where, method, headers, localAddress: from, agent: false, rejectUnauthorized: false };
  return new Promise((done, failed) => (secure ? https : http).request(how, done).on('error', failed).end());
}
export async function get(app, where, how) {
  const answer = await ask(app, where, how);
  let text = '';
  for await (const part of answer) text += part;
  return { status: answer.statusCode, headers: answer.headers, text, json: text && /json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(text) : undefined };
}
export const cookie = (token = session()) => ({ cookie: `theme=dark; session=${token}; other=secret` });
