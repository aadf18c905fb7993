// Janus and the gateway together, with a secret of their own. Settings by environment: README.md.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startJanus, writeConfiguration } from './lib/janus_server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const local = process.env.LOCAL_FOLDER ?? join(here, '.local');
const secretFile = join(local, 'janus.secret');
const apiPort = Number(process.env.JANUS_API_PORT ?? 8088);

mkdirSync(local, { recursive: true, mode: 0o700 });
if (!existsSync(secretFile)) writeFileSync(secretFile, randomBytes(32).toString('hex'), { mode: 0o600 });
writeConfiguration({
  folder: join(local, 'janus'), apiAddress: '127.0.0.1', apiPort, secret: readFileSync(secretFile, 'utf8'),
  mediaPorts: process.env.MEDIA_PORTS, publicAddress: process.env.PUBLIC_ADDRESS,
});

const children = [
  startJanus(join(local, 'janus')),
  spawn(process.execPath, [join(here, 'gateway.mjs')], {
    stdio: 'inherit',
    env: { ...process.env, JANUS_SECRET_FILE: secretFile, JANUS_URL: `http://127.0.0.1:${apiPort}/janus` },
  }),
];
const stop = () => children.forEach((child) => child.kill('SIGTERM'));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
// Neither is of use without the other.
for (const child of children) {
  child.on('error', (error) => (console.error(error.message), stop()));
  child.on('exit', stop);
}
