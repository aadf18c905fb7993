// nginx with a configuration of its own in the run's folder: one worker, nothing logged, keep-alive without end.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { say } from './figures.mjs';
import { call } from './http.mjs';
import { folder, start } from './processes.mjs';

export const nginxBinary = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
export const nginxVersion = () => say(nginxBinary, '-v').replace('nginx version: ', '');

// Lines of nginx's own language: `main` at the top, `http` and `server` within; `listen` lines belong to `server`.
export async function startNginx(settings, name, port, { main = '', http = '', server, files = 0 }) {
  const own = join(folder, `nginx-${name}`);
  mkdirSync(own, { mode: 0o755 });
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `  ${one}_temp_path ${own}/${one};\n`).join('');
  writeFileSync(join(own, 'nginx.conf'), `${main}
${process.getuid() === 0 ? 'user root;' : ''}  # the run's folder is its owner's alone
daemon off;
worker_processes 1;
pid ${own}/nginx.pid;
error_log ${own}/error.log crit;
events { worker_connections 16384; }
http {
${paths}  default_type application/json;
  access_log off;
  server_tokens off;
  tcp_nodelay on;
  keepalive_requests 100000000;
  keepalive_time 1d;
  ${http}
  server {
    listen 127.0.0.1:${port} backlog=1024;
    ${server}
  }
}
`);
  const command = [nginxBinary, '-p', own, '-e', join(own, 'error.log'), '-c', join(own, 'nginx.conf')];
  const child = await start(settings.serverCore, command, () => call(port, '/').then(() => true, () => false), { files });
  return Object.assign(child, { port });
}

// `return` that makes an answer of so many bytes in all, as nginx 1.x writes its head.
export function constantOf(bytes) {
  const head = 'HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n' +
    'Content-Length: 1000\r\nConnection: keep-alive\r\n\r\n';
  let body = Math.max(bytes - head.length, 1);
  if (body < 1000) body += 1;
  return `return 200 "${'x'.repeat(body)}";`;
}
