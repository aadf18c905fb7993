// The documentation is held against the program: its links lead somewhere, its configurations are accepted as they stand, and it names what the program needs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { binary, command } from './support/stagedoor.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = execFileSync('git', ['-C', root, 'ls-files', '*.md'], { encoding: 'utf8' }).trim().split('\n');
const text = (page) => readFileSync(join(root, page), 'utf8');

// Headings become anchors as on GitHub: lower case, punctuation left out, blanks as hyphens.
const anchors = (page) =>
  text(page)
    .split('\n')
    .filter((line) => /^#+ /.test(line))
    .map((line) => line.replace(/^#+ /, '').replaceAll('&lt;', '').replaceAll('&gt;', '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))
    .map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));

test('every link between the pages leads to a page and a heading', () => {
  const lost = [];
  for (const page of pages)
    for (const [, link] of text(page).replace(/```[^]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(link)) continue;
      const [path, anchor] = link.split('#');
      const to = path ? join(dirname(page), path) : page;
      if (!existsSync(join(root, to)) || (anchor && to.endsWith('.md') && !anchors(to).includes(anchor))) lost.push(`${page}: ${link}`);
    }
  assert.deepEqual(lost, []);
});

const secret = 'kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5ekD7mQ2xV9sLpT4wY'; // base64, where that is wanted
const pair = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });

// What stands in a file that a block names; a secret where nothing else is known.
const contents = [
  [/pub\.pem$/, pair.publicKey],
  [/\.pem$/, pair.privateKey],
  [/galene\.key$/, Buffer.alloc(32, 'galene').toString('base64url')],
  [/google\.json$/, JSON.stringify({ type: 'service_account', client_email: 'a@b.example', private_key: pair.privateKey })],
];

test('every block of configuration is accepted as it stands', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-pages-'));
  let count = 0;
  for (const page of pages)
    for (const found of text(page).matchAll(/```toml\n([^]*?)```/g)) {
      const line = text(page).slice(0, found.index).split('\n').length;
      // What is left out of a value has to be filled in by the reader.
      let block = found[1].replaceAll('5f0e…', '5f0e1c2b').replaceAll('"…"', '"64a1f0c2e4b0"');
      block = block.replaceAll(/"(\/etc\/[^"]*)"/g, (_, path) => {
        const file = join(folder, path.replaceAll('/', '-'));
        writeFileSync(file, contents.find(([name]) => name.test(path))?.[1] ?? secret + '\n');
        return `"${file}"`;
      });
      // What every configuration needs, where the block is about something else.
      if (!/^public_url/m.test(block)) block = `public_url = "https://video.example.com"\n${block}`;
      if (!/^\[session/m.test(block)) block += `\n[session]\nsecret = "${secret}"\n`;
      if (!/^\[providers/m.test(block)) block += '\n[providers.builtin]\n';
      writeFileSync(join(folder, 'stagedoor.toml'), block);
      const { code, err } = command(['check-config', '--config', join(folder, 'stagedoor.toml')]);
      assert.equal(code, 0, `${page}:${line}\n${err}`);
      count += 1;
    }
  rmSync(folder, { recursive: true });
  assert.ok(count > 30, `${count} blocks`);
});

test('the page of each provider explains every key that the reference lists for its type', () => {
  const [, rows] = text('docs/configuration.md').split('## [providers.');
  const lost = [];
  let type;
  for (const line of rows.split('\n').filter((one) => /^\| (`|\| )/.test(one))) {
    const [, first, keys] = line.split('|');
    type = /`(.+)`/.exec(first)?.[1] ?? type;
    const page = text(`docs/providers/${type}.md`);
    for (const [, key] of keys.matchAll(/`([^`]+)`/g)) if (!new RegExp(`\`[^\`]*\\b${key.replaceAll('.', '\\.')}\\b`).test(page)) lost.push(`${type} ${key}`);
  }
  assert.ok(type, 'the table has rows');
  assert.deepEqual(lost, []);
});

test('a container has every library that the program is linked against', () => {
  // These come with every image of the release; the C library has several files.
  const base = /^(lib(c|m|resolv|pthread|dl|rt)\.|libstdc\+\+|libgcc_s)/;
  const needed = execFileSync('ldd', [binary], { encoding: 'utf8' }).split('\n').map((line) => line.trim().split(/[ /]/)).map((words) => words[0] || words.at(-2));
  const installed = /In a container:[^]*?\n\n/.exec(text('docs/operations.md'))[0];
  for (const library of needed.filter((one) => /^lib/.test(one) && !base.test(one))) {
    const name = library.split('.so')[0].replace('libcrypto', 'libssl');
    assert.match(installed, new RegExp(`\\b${name}-?\\d`), library);
  }
});
