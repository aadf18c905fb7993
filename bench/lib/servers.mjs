// The two servers that every run is about: Stagedoor, and the ceiling it is compared with.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { answers } from './http.mjs';
import { folder, freePort, start } from './processes.mjs';

// What each answer of Stagedoor must have.
export const doorFields = ['ratelimit', 'ratelimit-policy', 'x-request-id', 'cache-control'];

const table = (name, values) => `\n[${name}]\n${Object.entries(values)
  .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}`;

// Everything that a shipped server does is switched on; limits are as good as none unless they are given. `tls` is
// {certificate, key}; the plain port stays beside it. `rooms` is the address of a service that makes the rooms of bookings with
// the provider "made"; `session` goes over the crowd's own settings.
export function configuration(crowd, {
  name, port, tlsPort, adminPort, accessLog = true, limits = {}, tls = null, rooms = null, prepareBefore = '24h', session = {},
}) {
  const none = { rate: 1_000_000, per: 'second', burst: 1_000_000 };
  const plain = `127.0.0.1:${port}`;
  return [
    'public_url = "https://video.example.com"\ndefault_provider = "own"\n',
    table('server', {
      listen: [tls ? `127.0.0.1:${tlsPort}` : plain], ...(tls ? { listen_plain: [plain] } : {}),
      threads: 1, connections_max: 20000, connections_per_client_max: 65536,
    }),
    tls ? table('tls', { certificate_file: tls.certificate, key_file: tls.key }) : '',
    table('admin', { listen: [`127.0.0.1:${adminPort}`] }),
    table('proxy', { trusted: ['127.0.0.0/8'], header: 'x-forwarded-for' }),
    table('session', { ...crowd.sessionSettings(), ...session }),
    table('service', { key_hashes: [crowd.serviceHash] }),
    table('store', { path: join(folder, `${name}.db`) }),
    table('rooms', { prepare_before: prepareBefore }),
    table('log', { access: accessLog, file: join(folder, `${name}.log`) }),
    ...['ip', 'user', 'service'].map((one) => table(`limits.${one}`, { ...none, ...limits[one] })),
    table('providers.own', { type: 'custom', url_template: 'https://video.example.org/room/{roomId}?token={token}' }),
    table('providers.own.token', { secret: crowd.secrets.custom }),
    ...(rooms === null ? [] : [
      table('providers.made', { type: 'custom', url_template: 'https://video.example.org/room/{roomId}?token={token}', create_url: rooms }),
      table('providers.made.token', { secret: crowd.secrets.custom }),
    ]),
  ].join('');
}

// Stagedoor on its core, ready. `name` is that of its store and log, which a second start of the same name takes up.
export async function startDoor(settings, crowd, { name = 'stagedoor', files = 0, every = 20, ...wishes } = {}) {
  const [port, tlsPort, adminPort] = [await freePort(), await freePort(), await freePort()];
  const file = join(folder, `${name}.toml`);
  const content = configuration(crowd, { name, port, tlsPort, adminPort, accessLog: !settings.noAccessLog, ...wishes });
  writeFileSync(file, content, { mode: 0o600 });
  const door = await start(settings.serverCore, [settings.binary, 'serve', '--config', file],
    () => answers(adminPort, '/readyz'), { files, every });
  return Object.assign(door, { port, tlsPort, adminPort });
}

// The bare epoll server with answers of so many bytes.
export async function startCeiling(settings, bytes, files = 0) {
  let port = 0;
  const ceiling = await start(settings.serverCore, [settings.ceiling, String(bytes)],
    async (child) => (port = Number(/^(\d+)$/m.exec(child.text)?.[1] ?? 0)) > 0, { files });
  return Object.assign(ceiling, { port });
}
