// The example of a video service of one's own, in a network of the test's own: Janus inside of it, the gateway on loopback.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, freePort } from '../../blackbox/support/stagedoor.mjs';
import { startJanus, writeConfiguration } from '../../../examples/own-video-service/lib/janus_server.mjs';

const example = fileURLToPath(new URL('../../../examples/own-video-service/', import.meta.url));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, within, ask) {
  for (const end = Date.now() + within; ; await sleep(50)) {
    if (await ask().catch(() => false)) return;
    if (Date.now() > end) throw new Error(`${what} did not come up within ${within} ms`);
  }
}

export class OwnVideoService {
  static async start({ network, port, stagedoor, embedders = stagedoor }) {
    const service = new OwnVideoService();
    service.folder = mkdtempSync(join(tmpdir(), 'stagedoor-janus-'));
    service.origin = `http://127.0.0.1:${port}`;
    service.log = '';
    service.children = [];
    const secret = 'jN4vR8xQ1wT6yL3pC9mK5zB2';
    const secretFile = join(service.folder, 'janus.secret');
    writeFileSync(secretFile, secret, { mode: 0o600 });
    service.janusUrl = `http://${network.inside}:8088/janus`;
    try {
      const folder = join(service.folder, 'janus');
      writeConfiguration({ folder, apiAddress: network.inside, apiPort: 8088, secret });
      service.keep(startJanus(folder, { prefix: network.prefix, out: 'pipe' }));
      service.keep(spawn(process.execPath, ['gateway.mjs'], {
        cwd: example,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env, PORT: String(port), PUBLIC_ORIGIN: service.origin, STAGEDOOR_ORIGIN: stagedoor, FRAME_ANCESTORS: embedders,
          JANUS_URL: service.janusUrl, JANUS_SECRET_FILE: secretFile,
        },
      }));
      await until('Janus', 10_000, async () => (await fetch(`${service.janusUrl}/info`)).ok);
      await until('the gateway', 10_000, async () => (await fetch(`${service.origin}/call.css`)).ok);
    } catch (error) {
      await service.stop();
      error.message += `\n${service.log}`;
      throw error;
    }
    return service;
  }

  keep(child) {
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.log += text));
    child.on('error', (error) => (this.log += error.message));
    this.children.push({ child, ended: new Promise((done) => child.on('close', done)) });
  }

  async stop() {
    for (const { child, ended } of this.children.reverse()) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// `./dev example own-video-service`, once everything is built.
export async function startByOneCommand() {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-janus-'));
  const [port, stagedoorPort, adminPort, apiPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const child = spawn(process.execPath, ['start.mjs'], {
    cwd: example,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env, PORT: String(port), STAGEDOOR_PORT: String(stagedoorPort), STAGEDOOR_ADMIN_PORT: String(adminPort), JANUS_API_PORT: String(apiPort),
      LOCAL_FOLDER: folder, STAGEDOOR_BINARY: binary,
    },
  });
  const all = { log: '', origin: `http://localhost:${port}`, stagedoor: `http://localhost:${stagedoorPort}` };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (all.log += text));
  const ended = new Promise((done) => child.on('close', (code, signal) => done({ code, signal })));
  all.stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    const how = await ended;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
    return how;
  };
  try {
    await until('the demo', 15_000, async () => (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok);
  } catch (error) {
    error.message += `\n${all.log}`;
    await all.stop();
    throw error;
  }
  return all;
}
