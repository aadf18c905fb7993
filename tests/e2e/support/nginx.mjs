// nginx with the lines of docs/nextjs.md, as somebody would paste them.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../blackbox/support/stagedoor.mjs';

const opens = (port) => new Promise((done) => {
  const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true))).on('error', () => done(false));
});

export class Nginx {
  // `servers`: for each what stands in its `server { }`; those with `secure` speak https.
  static async start(servers) {
    const nginx = new Nginx();
    nginx.folder = mkdtempSync(join(tmpdir(), 'stagedoor-nginx-'));
    nginx.ports = [];
    for (const _ of servers) nginx.ports.push(await freePort());
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${nginx.folder}/${one};`).join('\n');
    const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(nginx.folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
    const listening = servers.map(({ lines, secure }, at) => `server {
listen 127.0.0.1:${nginx.ports[at]}${secure ? ` ssl;\nssl_certificate ${certificate};\nssl_certificate_key ${key}` : ''};
${lines}
}`).join('\n');
    const file = join(nginx.folder, 'nginx.conf');
    writeFileSync(file, `daemon off;
${process.getuid() === 0 ? 'user root;   # Debian\'s user may not open the socket of the test' : ''}
worker_processes 1;
pid ${nginx.folder}/nginx.pid;
error_log stderr;
events {}
http {
access_log off;
${temporary}
${listening}
}
`);
    nginx.log = '';
    // -e as well: else it opens its log in /var/log before it has read anything.
    nginx.child = spawn('nginx', ['-e', 'stderr', '-p', nginx.folder, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
    nginx.child.stderr.on('data', (text) => (nginx.log += text));
    nginx.child.on('error', (error) => (nginx.log += error.message));
    nginx.ended = new Promise((done) => nginx.child.on('close', done));
    let gone = false;
    nginx.ended.then(() => (gone = true));
    for (const end = Date.now() + 10_000; ; await new Promise((done) => setTimeout(done, 30))) {
      if (gone || Date.now() > end) throw new Error(`nginx did not start:\n${nginx.log}`);
      if (await opens(nginx.ports.at(-1))) return nginx;
    }
  }
  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await this.ended;
    clearTimeout(timer);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
