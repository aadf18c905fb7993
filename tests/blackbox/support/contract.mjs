// Holds answers against the server's own OpenAPI document and remembers which of its operations and statuses were seen.
import assert from 'node:assert/strict';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const methods = ['get', 'put', 'post', 'delete', 'head', 'options'];
// What any address may answer: the bytes were not HTTP enough, or a body came that nobody asked for.
const protocol = [408, 413, 414, 417, 431, 501, 505];

// Every object schema that lists members lists all of them: what an answer has must be in the document.
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  const out = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, closed(inner)]));
  if (out.type === 'object' && out.properties && !('additionalProperties' in out)) out.additionalProperties = false;
  return out;
}

const pointer = (...parts) => '#/' + parts.map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');

export class Contract {
  constructor(document) {
    this.document = document;
    this.seen = new Map(); // "GET /path 200" -> times
    this.ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
    addFormats(this.ajv);
    this.ajv.addSchema({ ...closed(document), $id: 'https://contract.test/openapi' });
  }

  get documented() {
    const out = [];
    for (const [path, operations] of Object.entries(this.document.paths))
      for (const method of methods)
        for (const status of Object.keys(operations[method]?.responses ?? {})) out.push(`${method.toUpperCase()} ${path} ${status}`);
    return out;
  }

  template(path) {
    const exact = Object.keys(this.document.paths).find((one) => one === path);
    if (exact) return exact;
    return Object.keys(this.document.paths).find((one) => one.includes('{') && new RegExp('^' + one.replace(/\{[^}]+\}/g, '[^/]+') + '$').test(path));
  }

  // A $ref of a response or header, followed; gives [place, what].
  follow(place, what) {
    if (!what?.$ref) return [place, what];
    const parts = what.$ref.slice(2).split('/');
    return [parts, parts.reduce((at, part) => at[part], this.document)];
  }

  fits(where, schema, value) {
    const ref = 'https://contract.test/openapi' + pointer(...where, ...schema);
    const check = this.ajv.getSchema(ref) ?? this.ajv.compile({ $ref: ref });
    assert.ok(check(value), `${ref}: ${this.ajv.errorsText(check.errors)}\n${JSON.stringify(value)?.slice(0, 500)}`);
  }
  fitsSchema(name, value) {
    this.fits(['components', 'schemas', name], [], value);
  }

  events(text) {
    const kinds = { url: 'JoinAnswer', problem: 'Problem' };
    const names = [];
    for (const block of text.split('\n\n')) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      if (!event) continue;
      names.push(event);
      const data = JSON.parse(/^data: (.*)$/m.exec(block)[1]);
      if (kinds[event]) this.fitsSchema(kinds[event], data);
      else assert.ok(['checking', 'waiting', 'provisioning', 'ready', 'denied', 'failed'].includes(data.state), block);
      if (data.state === 'waiting') assert.ok(data.opensAt && data.serverTime, block);
      if (['denied', 'failed'].includes(data.state)) assert.ok(data.code, block);
    }
    assert.ok(['url', 'problem'].includes(names.at(-1)), text);
  }

  // `answer` is { status, headers, text } of `method` at `path`.
  check(method, path, answer) {
    const { status, headers, text } = answer;
    const what = `${method} ${path} ${status}`;
    const type = headers.get('content-type')?.split(';')[0] ?? null;
    assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
    assert.match(headers.get('x-request-id') ?? '', /^[A-Za-z0-9._-]{1,64}$/, what);
    // Pages are for people: their refusals are pages too, where the document says so.
    if (status >= 400 && method !== 'HEAD' && type !== 'text/html') {
      assert.equal(type, 'application/problem+json', what);
      const problem = JSON.parse(text);
      this.fitsSchema('Problem', problem);
      assert.equal(problem.status, status, what);
      assert.equal(problem.requestId, headers.get('x-request-id'), what);
    }
    if (method === 'HEAD') assert.equal(text, '', what);
    if (status === 401) assert.match(headers.get('www-authenticate') ?? '', /^Bearer /, what);
    if (status === 405) assert.ok(headers.get('allow'), what);
    if (status === 429 || status === 503) assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/, what);
    const template = this.template(path);
    if (protocol.includes(status) && !this.document.paths[template]?.[method.toLowerCase()]?.responses[status]) return;
    if (!template) return assert.equal(status === 404 || status === 429 || status === 403, true, what);
    const operations = this.document.paths[template];
    // A method that is refused is in no operation: the answer belongs to all of the path's.
    if (status === 405) {
      const allowed = headers.get('allow').split(', ').sort();
      assert.deepEqual(allowed, methods.filter((one) => operations[one]).map((one) => one.toUpperCase()).sort(), `Allow of ${template}`);
      for (const one of methods) if (operations[one]?.responses['405']) this.one(one, template, answer, type);
      return;
    }
    this.one(method.toLowerCase(), template, answer, type);
  }

  one(method, template, { status, headers, text }, type) {
    const operation = this.document.paths[template][method];
    assert.ok(operation, `${method} ${template} is not documented`);
    const key = operation.responses[status] ? String(status) : 'default';
    const what = `${method.toUpperCase()} ${template} ${key}`;
    const own = operation.responses[key];
    assert.ok(own, `${method.toUpperCase()} ${template} answers ${status}, which is not documented`);
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
    const [place, response] = this.follow(['paths', template, method, 'responses', key], own);
    for (const [name, header] of Object.entries(response.headers ?? {})) {
      const [where, described] = this.follow([...place, 'headers', name], header);
      const value = headers.get(name);
      if (described.required) assert.ok(value !== null, `${what} lacks ${name}`);
      if (value !== null) this.fits(where, ['schema'], described.schema.type === 'integer' ? Number(value) : value);
    }
    if (method === 'head') return;
    const types = Object.keys(response.content ?? {});
    if (types.length === 0) return assert.equal(text, '', `${what} has a body that is not documented`);
    assert.ok(types.includes(type), `${what} is ${type}, documented are ${types}`);
    if (type === 'text/event-stream') return this.events(text);
    this.fits([...place, 'content', type], ['schema'], /json$/.test(type) ? JSON.parse(text) : text);
  }
}
