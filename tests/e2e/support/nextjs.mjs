// The Next.js example: its server alone, or everything by its one command.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, freePort, serviceKey, sessionSecret } from '../../blackbox/support/stagedoor.mjs';

const example = fileURLToPath(new URL('../../../examples/nextjs/', import.meta.url));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function start(args, environment, ready) {
  const child = spawn(process.execPath, args, { cwd: example, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
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

// `npm start`: secrets, configuration, Stagedoor and app.
export async function startExample() {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-nextjs-test-'));
  const [port, stagedoorPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const app = await start(['scripts/start.mjs'], {
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
