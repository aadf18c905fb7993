// Janus and the gateway together, with a secret of their own. Settings by environment: README.md. Where no Stagedoor is named, one is started
// too: its demo, with this service as the provider of its calls.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startJanus, writeConfiguration } from './lib/janus_server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const local = process.env.LOCAL_FOLDER ?? join(here, '.local');
const apiPort = Number(process.env.JANUS_API_PORT ?? 8088);
const port = Number(process.env.PORT ?? 4000);
const origin = process.env.PUBLIC_ORIGIN ?? `http://localhost:${port}`;
const demoPort = Number(process.env.STAGEDOOR_PORT ?? 3002);
const stagedoor = process.env.STAGEDOOR_ORIGIN ?? `http://localhost:${demoPort}`;
const embedders = process.env.FRAME_ANCESTORS ?? (process.env.STAGEDOOR_ORIGIN ? stagedoor : `${stagedoor} http://127.0.0.1:${demoPort}`);

mkdirSync(local, { recursive: true, mode: 0o700 });
const keep = (name, make) => {
  const file = join(local, name);
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 });
  return file;
};
const secretFile = keep('janus.secret', () => randomBytes(32).toString('hex'));
writeConfiguration({
  folder: join(local, 'janus'), apiAddress: '127.0.0.1', apiPort, secret: readFileSync(secretFile, 'utf8'),
  mediaPorts: process.env.MEDIA_PORTS, publicAddress: process.env.PUBLIC_ADDRESS,
});

const children = [];
let stopping = false;
let status = 0;
function stop(how = 0) {
  status ||= how;
  if (stopping) return;
  stopping = true;
  for (const child of children) child.kill('SIGTERM');
  setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), 10_000).unref();
}
// None is of use without the others.
function keepRunning(name, child) {
  children.push(child);
  child.on('error', (error) => (console.error(`${name}: ${error.message}`), stop(1)));
  child.on('exit', (code, signal) => {
    if (!stopping) console.error(`${name} ended (${signal ?? code})`);
    stop(stopping ? 0 : 1);
    process.exitCode = status;
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop());

async function untilThere(address) {
  for (let attempt = 0; attempt < 200 && !stopping; ++attempt) {
    if (await fetch(address).then((answer) => answer.ok, () => false)) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  if (!stopping) console.error(`${address} does not answer.`);
  stop(1);
}

// The demo's configuration is its own; what differs is said by its environment.
function startDemo() {
  const key = keep('video.pem', () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const binary = process.env.STAGEDOOR_BINARY ?? join(here, '../../build/release/stagedoor');
  keepRunning('Stagedoor', spawn(binary, ['serve', '--demo'], {
    stdio: 'inherit',
    env: {
      ...process.env,
      STAGEDOOR__SERVER__LISTEN: `127.0.0.1:${demoPort}`,
      ...(process.env.STAGEDOOR_ADMIN_PORT ? { STAGEDOOR__ADMIN__LISTEN: `127.0.0.1:${process.env.STAGEDOOR_ADMIN_PORT}` } : {}),
      STAGEDOOR__DEFAULT_PROVIDER: 'own',
      STAGEDOOR__PROVIDERS__OWN__TYPE: 'custom',
      STAGEDOOR__PROVIDERS__OWN__URL_TEMPLATE: `${origin}/room/{roomId}?user={user}&token={token}&role={role}`,
      STAGEDOOR__PROVIDERS__OWN__CREATE_URL: `${origin}/api`,
      STAGEDOOR__PROVIDERS__OWN__TOKEN__PRIVATE_KEY_FILE: key,
    },
  }));
}

keepRunning('Janus', startJanus(join(local, 'janus')));
keepRunning('The gateway', spawn(process.execPath, [join(here, 'gateway.mjs')], {
  stdio: 'inherit',
  env: {
    ...process.env, PORT: String(port), PUBLIC_ORIGIN: origin, STAGEDOOR_ORIGIN: stagedoor, FRAME_ANCESTORS: embedders,
    JANUS_SECRET_FILE: secretFile, JANUS_URL: `http://127.0.0.1:${apiPort}/janus`,
  },
}));
if (!process.env.STAGEDOOR_ORIGIN) {
  // First the service: the demo makes the rooms of its bookings at once.
  await untilThere(`${origin}/call.css`);
  if (!stopping) startDemo();
}
