// A certificate for 127.0.0.1, ECDSA on P-256, as most servers have today.
import { join } from 'node:path';

import { say } from './figures.mjs';
import { folder } from './processes.mjs';

let made = null;
export function certificate() {
  if (made) return made;
  made = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  const said = say('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30',
    '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', made.key, '-out', made.certificate);
  if (/error/i.test(said)) throw new Error(`openssl: ${said}`);
  return made;
}

export const tlsLines = (port) =>
  `listen 127.0.0.1:${port} ssl backlog=1024; ` +
  `ssl_certificate ${certificate().certificate}; ssl_certificate_key ${certificate().key}; ` +
  'ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m; ssl_session_tickets on;';
