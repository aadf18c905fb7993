// What perf has sampled: whose work each sample was, as shares for a table, and as a flame graph.
import { spawnSync } from 'node:child_process';

import { escape } from './chart.mjs';

// The kernel's part by the system call that it worked for, ours by what the code is for. The first that fits counts.
const kernel = [
  ['kernel: send (TCP, loopback, waking the reader)', /sys_send/],
  ['kernel: recv', /sys_recv/],
  ['kernel: waiting for events', /sys_epoll|timerfd/],
  ['kernel: log file', /sys_write|sys_pwrite|sys_futex/],
];
const ours = [
  ['second parser (llhttp)', /^llhttp/],
  ['framing guard and fields', /^http::(head_guard|request_head|is_|chunk)|memchr|same_letters/],
  ['rate limits', /^ratelimit::|join::gate/],
  ['session', /^auth::/],
  ['booking and policy', /^rooms::|join::join_service/],
  ['signing', /libcrypto|^jose::|session_signer|SHA256|OPENSSL/],
  ['provider link', /^providers::/],
  ['access log and metrics', /log|^api::access|histogram|counter|time_text|rfc3339/],
  ['JSON, base64, ids', /^core::/],
  ['request and answer', /^api::|^http::append|reply/],
  ['connections, coroutines, event loop', /^net::|^http::|asio|awaitable|coroutine|__send|recv|epoll|clock_gettime/],
  ['copying and memory', /mem(move|cpy|cmp|set)|malloc|free|operator (new|delete)|basic_string|std::/],
];

const fits = (rules, text) => rules.find(([, pattern]) => pattern.test(text))?.[0];

// [{frames, count}], outermost frame first: the part, then the kernel's frames or our innermost function. Our own callers are
// left out, as code without frame pointers does not name them truly.
export function foldedStacks(file) {
  const said = spawnSync('perf', ['script', '-i', file, '-F', 'comm,ip,sym,dso'], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  if (said.status !== 0) throw new Error(`perf script: ${said.stderr}`);
  const counts = new Map();
  for (const sample of said.stdout.split('\n\n')) {
    const frames = sample.trim().split('\n').slice(1).map((line) => {
      const [, symbol, library] = /^\s*[0-9a-f]+ (.*) \(([^()]*|\[[^\]]*\])\)$/.exec(line) ?? [null, '?', '?'];
      return { symbol: symbol.replace(/\(anonymous namespace\)::/g, '').replace(/[<(].*$/, ''), library };
    });
    if (frames.length === 0) continue;
    const inKernel = frames.filter((one) => one.library.includes('kernel'));
    const stack = inKernel.length > 0
      ? [fits(kernel, inKernel.map((one) => one.symbol).join(' ')) ?? 'kernel: everything else',
          ...inKernel.map((one) => one.symbol).reverse().filter((name) => !/^(entry_SYSCALL|do_syscall)/.test(name))]
      : [fits(ours, frames[0].symbol) ?? fits(ours, frames[0].library) ?? 'everything else', frames[0].symbol];
    const key = stack.join(';');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => ({ frames: key.split(';'), count }));
}

// [part, share of all samples], the largest first.
export function partsOf(stacks) {
  const all = stacks.reduce((sum, one) => sum + one.count, 0);
  const parts = new Map();
  for (const { frames, count } of stacks) parts.set(frames[0], (parts.get(frames[0]) ?? 0) + count / all);
  return [...parts].sort((a, b) => b[1] - a[1]);
}

// The root at the bottom, as is the custom; a frame is as wide as its share. Frames under a thousandth are left out.
export function flameGraph(stacks, title) {
  const root = { name: title, count: 0, inner: new Map() };
  for (const { frames, count } of stacks) {
    let at = root;
    at.count += count;
    for (const name of frames) {
      if (!at.inner.has(name)) at.inner.set(name, { name, count: 0, inner: new Map() });
      at = at.inner.get(name);
      at.count += count;
    }
  }
  const [width, row] = [1200, 17];
  const depthOf = (node) => (node.count < root.count / 1000 ? 0 : 1 + Math.max(0, ...[...node.inner.values()].map(depthOf)));
  const height = depthOf(root) * row + 8;
  const boxes = [];
  const draw = (node, x, level, hue) => {
    const wide = (node.count / root.count) * width;
    if (node.count < root.count / 1000) return;
    const y = height - 4 - (level + 1) * row;
    const share = ((100 * node.count) / root.count).toFixed(1);
    const letters = Math.floor((wide - 6) / 6.6);
    const label = letters < 3 ? '' : node.name.length <= letters ? node.name : `${node.name.slice(0, letters - 1)}…`;
    boxes.push(`<g><title>${escape(node.name)} ${share} %</title><rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(wide - 0.5, 0.2).toFixed(1)}" ` +
      `height="${row - 1}" fill="hsl(${hue} 70% ${68 + (level % 3) * 4}%)"/>` +
      (label ? `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escape(label)}</text>` : '') + '</g>');
    let next = x;
    for (const inner of [...node.inner.values()].sort((a, b) => b.count - a.count)) {
      draw(inner, next, level + 1, level > 0 ? hue : inner.name.startsWith('kernel') ? 205 : 28);
      next += (inner.count / root.count) * width;
    }
  };
  draw(root, 0, 0, 0);
  return [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"`,
    `  aria-label="${escape(title)}">`, '<style>text { font: 11px ui-monospace, monospace; fill: #1f2328 }</style>',
    ...boxes, '</svg>', ''].join('\n');
}
