// Debian's coturn, as docs/providers/builtin.md configures it, in a network of the test's own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TurnServer {
  static async start({ network, secret, port = 3478 }) {
    const server = new TurnServer();
    Object.assign(server, { network, url: `turn:${network.inside}:${port}?transport=udp`, log: '', folder: mkdtempSync(join(tmpdir(), 'stagedoor-turn-')) });
    writeFileSync(join(server.folder, 'turnserver.conf'), `listening-ip=${network.inside}
relay-ip=${network.inside}
listening-port=${port}
realm=turn.example.com
use-auth-secret
static-auth-secret=${secret}
no-tls
no-dtls
no-cli
verbose
log-file=stdout
pidfile=${server.folder}/turnserver.pid
userdb=${server.folder}/turndb
`, { mode: 0o600 });
    await server.begin();
    return server;
  }

  async begin() {
    const [program, ...args] = [...this.network.prefix, 'turnserver', '-c', join(this.folder, 'turnserver.conf')];
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((done) => this.child.on('close', done));
    let running = true;
    this.ended.then(() => (running = false));
    const from = this.log.length;
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (text) => (this.log += text));
    for (const end = Date.now() + 10_000; !/UDP listener opened on/.test(this.log.slice(from)); await new Promise((done) => setTimeout(done, 50)))
      if (!running || Date.now() > end) throw new Error(`coturn did not start:\n${this.log.slice(from)}`);
  }

  // At once, as if its machine had lost power; `begin` starts it anew, without any memory of whom it served.
  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }
  async stop() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
