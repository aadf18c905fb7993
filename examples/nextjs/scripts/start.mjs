// One command for all of it: makes secrets and configuration on the first start, installs and builds what is missing or out of date, starts
// Stagedoor and the app, and stops both together. `--dev` is `next dev`, `--build` only builds.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const repository = fileURLToPath(new URL('../../..', import.meta.url));
const element = join(repository, 'web');
const local = process.env.LOCAL_FOLDER ?? join(here, '.local');
const binary = process.env.STAGEDOOR_BINARY ?? join(repository, 'build/release/stagedoor');
const port = Number(process.env.PORT ?? 3002);
const stagedoorPort = Number(process.env.STAGEDOOR_PORT ?? 3003);
const adminPort = Number(process.env.STAGEDOOR_ADMIN_PORT ?? 9465);
const developing = process.argv.includes('--dev');
process.env.NEXT_TELEMETRY_DISABLED ??= '1';   // nothing is reported to anybody unless you say so

function run(command, args, folder = here) {
  const { status, error } = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
}

// ---- what is missing --------------------------------------------------------------------------------------------

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function newestIn(folder, skip = /^(node_modules|\.next|\.local|tests)$|\.tsbuildinfo$|^next-env\.d\.ts$/) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (skip.test(entry.name)) continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path, skip) : statSync(path).mtimeMs);
  }
  return newest;
}

function install() {
  if (timeOf(join(here, 'package-lock.json')) <= timeOf(join(here, 'node_modules/.package-lock.json'))) return;
  console.error('Installing the npm packages …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--silent']);
  utimesSync(join(here, 'node_modules/.package-lock.json'), new Date(), new Date());
}

function buildElement() {
  if (timeOf(join(element, 'dist/react.js')) > Math.max(newestIn(join(element, 'src')), timeOf(join(element, 'package.json')))) return;
  console.error('Building the element …');
  if (timeOf(join(element, 'package-lock.json')) > timeOf(join(element, 'node_modules/.package-lock.json'))) run('npm', ['ci', '--no-audit', '--no-fund', '--silent'], element);
  run('npm', ['run', '--silent', 'build'], element);
}

function buildApp() {
  const built = timeOf(join(here, '.next/BUILD_ID'));
  if (built > newestIn(here) && built > newestIn(join(element, 'dist'))) return;
  console.error('Building the app …');
  run('npx', ['next', 'build']);
}

function buildStagedoor() {
  if (process.env.STAGEDOOR_BINARY || existsSync(binary)) return;
  console.error('Building Stagedoor …');
  run(join(repository, 'dev'), ['build'], repository);
}

// ---- secrets, accounts, configuration ---------------------------------------------------------------------------

const keep = (name, make) => {
  const file = join(local, name);
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 });
  return file;
};
const secretFile = (name) => keep(name, () => randomBytes(36).toString('base64') + '\n');

function accountsFile(password) {
  const people = [
    ['ada', 'Ada Lovelace', 'expert'],
    ['grace', 'Grace Hopper', 'expert'],
    ['ben', 'Ben Miller', 'client'],
  ];
  return keep('accounts.json', () => JSON.stringify(people.map(([id, name, role]) => {
    const salt = randomBytes(16);
    return { id, name, role, email: `${id}@example.com`, salt: salt.toString('base64'), hash: scryptSync(password, salt, 32).toString('base64') };
  }), null, 2));
}

function serviceKey() {
  const file = join(local, 'service.key');
  if (!existsSync(file) || !existsSync(`${file}.hash`)) {
    const { stdout, status } = spawnSync(binary, ['service-key'], { encoding: 'utf8' });
    if (status !== 0) throw new Error('stagedoor service-key failed');
    writeFileSync(file, /^key:\s+(\S+)$/m.exec(stdout)[1], { mode: 0o600 });
    writeFileSync(`${file}.hash`, /^hash:\s+(\S+)$/m.exec(stdout)[1], { mode: 0o600 });
  }
  return { file, hash: readFileSync(`${file}.hash`, 'utf8') };
}

const appOrigin = process.env.APP_ORIGIN ?? `http://localhost:${port}`;
const stagedoorOrigin = `http://localhost:${stagedoorPort}`;

// The app speaks to Stagedoor over a socket that only this user may open, and nothing else is believed about where somebody calls
// from. Browsers come to the port: for the call's own page, in the iframe.
const configuration = ({ socket, session, key }) => `public_url = "${stagedoorOrigin}"

[server]
listen = ["localhost:${stagedoorPort}", "unix:${socket}"]

[proxy]
trusted = ["unix"]

[admin]
listen = "127.0.0.1:${adminPort}"

[session]
bearer = true
cookies = ["session"]
secret_file = "${session}"
issuer = "${appOrigin}"
audience = "${stagedoorOrigin}"

[service]
key_hashes = ["${key.hash}"]

[store]
path = "${join(local, 'stagedoor.db')}"

[log]
level = "warn"
format = "text"
access = false

[providers.builtin]
secret_file = "${secretFile('room.secret')}"
`;

// ---- both servers -----------------------------------------------------------------------------------------------

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

function start(name, command, args, environment = {}) {
  const child = spawn(command, args, { cwd: here, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...environment } });
  children.push(child);
  child.ended = new Promise((done) => child.on('exit', (code, signal) => {
    if (!stopping) console.error(`${name} ended (${signal ?? code})`);
    stop(stopping ? 0 : 1);
    done();
  }));
  child.on('error', (error) => (console.error(`${name}: ${error.message}`), stop(1)));
  return child;
}

async function untilReady() {
  for (let attempt = 0; attempt < 200 && !stopping; ++attempt) {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  if (!stopping) console.error('Stagedoor did not become ready.');
  stop(1);
}

buildElement();
install();
if (!developing) buildApp();
if (!process.argv.includes('--build')) {
  buildStagedoor();
  mkdirSync(local, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-nextjs-'));   // a socket's path may have 107 bytes at most
  const socket = join(folder, 'stagedoor.sock');
  const session = secretFile('session.secret');
  const passwordFile = keep('password', () => randomBytes(9).toString('base64url'));
  const password = readFileSync(passwordFile, 'utf8');
  const key = serviceKey();
  const configurationFile = join(local, 'stagedoor.toml');
  writeFileSync(configurationFile, configuration({ socket, session, key }), { mode: 0o600 });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop());
  start('Stagedoor', binary, ['serve', '--config', configurationFile]);
  await untilReady();
  if (!stopping) {
    start('The app', process.execPath, ['server.mjs'], {
      NODE_ENV: developing ? 'development' : 'production',
      PORT: String(port),
      APP_ORIGIN: appOrigin,
      STAGEDOOR_ORIGIN: stagedoorOrigin,
      STAGEDOOR_URL: process.env.STAGEDOOR_URL ?? `unix:${socket}`,
      SESSION_SECRET_FILE: session,
      STAGEDOOR_SERVICE_KEY_FILE: key.file,
      ACCOUNTS_FILE: accountsFile(password),
      APPOINTMENTS_FILE: join(local, 'appointments.json'),
    });
    console.log(`\n  ${appOrigin}\n\n  Sign in as ada@example.com (expert) and, in another window, as ben@example.com (client).`);
    console.log(`  Password: ${password}    Ben books Ada; both click "Join Meeting".\n`);
  }
  await Promise.all(children.map((child) => child.ended));
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = status;
}
