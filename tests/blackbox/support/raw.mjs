// Bytes over a socket: what fetch would never send.
import { connect } from 'node:net';

// Sends the chunks one after the other and gives all that came back until the other side closed (or `within` ms passed).
export async function exchange(port, chunks, { within = 5_000, end = false, pause = 0 } = {}) {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setNoDelay(true);
  let text = '';
  let closed = false;
  let reset = false;
  socket.on('data', (data) => (text += data.toString('latin1')));
  socket.on('error', (error) => (reset = error.code === 'ECONNRESET'));
  const gone = new Promise((done) => socket.on('close', () => ((closed = true), done())));
  await new Promise((done, failed) => socket.once('connect', done).once('error', failed));
  for (const chunk of [chunks].flat()) {
    if (closed) break;
    socket.write(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
    if (pause) await new Promise((done) => setTimeout(done, pause));
  }
  if (end) socket.end();
  let timer;
  await Promise.race([gone, new Promise((done) => (timer = setTimeout(done, within)))]);
  clearTimeout(timer);
  // Pipelined answers follow one another without a line break between them.
  const result = { text, closed, reset, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((one) => Number(one[1])) };
  socket.destroy();
  return result;
}
