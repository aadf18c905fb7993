// Requests of the harness itself; none of them is measured.
import { Agent, request } from 'node:http';
import { connect } from 'node:net';

import { atTheEnd } from './processes.mjs';

const agent = new Agent({ keepAlive: true, maxSockets: 32 });
atTheEnd(() => agent.destroy());

export function call(port, path, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((done, failed) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (data) => (text += data))
        .on('end', () => done({ status: answer.statusCode, headers: answer.headers, text }));
    });
    asked.on('error', failed).end(body);
  });
}

export const answers = (port, path, status = 200) => call(port, path).then((answer) => answer.status === status, () => false);

export function requestText(path, headers) {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n`;
}

// An answer's size on the wire, for the ceiling to send as much.
export function wireBytes(port, path, headers) {
  return new Promise((done, failed) => {
    const socket = connect({ host: '127.0.0.1', port });
    let bytes = 0;
    let text = '';
    socket.on('data', (data) => {
      bytes += data.length;
      text += data.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      if (end < 0 || bytes < end + 4 + Number(length)) return;
      socket.destroy();
      done(bytes);
    });
    socket.on('error', failed);
    socket.write(requestText(path, headers));
  });
}
