// Janus' own API over HTTP, as far as a video room needs it. Only the gateway speaks it.
import { randomUUID } from 'node:crypto';

const answerTimeout = 5_000;
const pollTimeout = 45_000;   // Janus itself answers a poll after 30 s

export class JanusError extends Error {
  constructor(code, reason) {
    super(`Janus: ${reason} (${code})`);
    this.code = code;
  }
}

export class Janus {
  constructor({ url, secret }) {
    this.url = url;
    this.secret = secret;
  }

  async post(path, message) {
    const transaction = randomUUID();
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...message, transaction, apisecret: this.secret }),
      signal: AbortSignal.timeout(answerTimeout),
    });
    const said = await answer.json();
    if (said.janus === 'error') throw new JanusError(said.error.code, said.error.reason);
    return said;
  }

  async session(lost) {
    const { data } = await this.post('', { janus: 'create' });
    return new Session(this, `/${data.id}`, lost);
  }
}

// A session and its long poll. `lost` is called once, when Janus does not know it any more or cannot be reached.
class Session {
  constructor(janus, path, lost) {
    Object.assign(this, { janus, path, lost, handles: new Map(), waiting: new Map(), over: false, stopping: new AbortController() });
    this.polling = this.poll();
  }

  async poll() {
    const where = `${this.janus.url}${this.path}?maxev=10&apisecret=${encodeURIComponent(this.janus.secret)}`;
    try {
      while (!this.over) {
        const answer = await fetch(where, { signal: AbortSignal.any([this.stopping.signal, AbortSignal.timeout(pollTimeout)]) });
        for (const event of [await answer.json()].flat()) this.hear(event);
      }
    } catch (error) {
      if (this.over) return;
      this.over = true;
      this.lost(error);
    } finally {
      for (const { failed } of this.waiting.values()) failed(new JanusError(0, 'the session is over'));
      this.waiting.clear();
    }
  }

  hear(event) {
    if (event.janus === 'error' || event.janus === 'timeout') throw new JanusError(event.error?.code ?? 458, event.error?.reason ?? 'the session timed out');
    const data = event.plugindata?.data;
    const waiting = this.waiting.get(event.transaction);
    if (waiting && data) {
      this.waiting.delete(event.transaction);
      if (data.error_code) waiting.failed(new JanusError(data.error_code, data.error));
      else waiting.done({ data, jsep: event.jsep });
    } else {
      this.handles.get(event.sender)?.hear(event.janus, data, event.jsep);
    }
  }

  // A handle to the video room's plugin; `hear(kind, data, jsep)` gets what nobody asked for.
  async attach(hear = () => {}) {
    const { data } = await this.janus.post(this.path, { janus: 'attach', plugin: 'janus.plugin.videoroom' });
    const handle = new Handle(this, `${this.path}/${data.id}`, data.id);
    this.handles.set(data.id, { hear });
    return handle;
  }

  async end() {
    if (this.over) return;
    this.over = true;
    this.stopping.abort();
    await this.janus.post(this.path, { janus: 'destroy' }).catch(() => {});
  }
}

class Handle {
  constructor(session, path, id) {
    Object.assign(this, { session, path, id });
  }

  // Some requests are answered at once, others by an event with the same transaction.
  async request(body, jsep) {
    const transaction = randomUUID();
    const { janus, waiting } = this.session;
    let timer;
    const event = new Promise((done, failed) => {
      waiting.set(transaction, { done, failed });
      timer = setTimeout(() => failed(new JanusError(0, `${body.request} got no answer`)), answerTimeout);
    });
    event.catch(() => {});
    try {
      const answer = await fetch(janus.url + this.path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ janus: 'message', body, jsep, transaction, apisecret: janus.secret }),
        signal: AbortSignal.timeout(answerTimeout),
      });
      const said = await answer.json();
      if (said.janus === 'error') throw new JanusError(said.error.code, said.error.reason);
      if (said.janus === 'ack') return await event;
      if (said.plugindata.data.error_code) throw new JanusError(said.plugindata.data.error_code, said.plugindata.data.error);
      return { data: said.plugindata.data };
    } finally {
      clearTimeout(timer);
      waiting.delete(transaction);
    }
  }

  trickle(candidates) {
    return this.session.janus.post(this.path, { janus: 'trickle', candidates });
  }
  trickled() {
    return this.session.janus.post(this.path, { janus: 'trickle', candidate: { completed: true } });
  }

  async detach() {
    this.session.handles.delete(this.id);
    if (!this.session.over) await this.session.janus.post(this.path, { janus: 'detach' }).catch(() => {});
  }
}
