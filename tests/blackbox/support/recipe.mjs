// The configurations of docs/logins.md, tried as they stand there: only their origins and files are the test's own.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeLogin } from './fake_login.mjs';
import { Stagedoor, configuration } from './stagedoor.mjs';

const page = readFileSync(fileURLToPath(new URL('../../../docs/logins.md', import.meta.url)), 'utf8');

// The nth configuration under a heading of the page.
export function recipe(heading, n = 0) {
  const section = page.slice(page.indexOf(`## ${heading}\n`)).split('\n## ')[0];
  const blocks = [...section.matchAll(/```toml\n([^]*?)```/g)].map((found) => found[1]);
  assert.ok(blocks[n], `${heading} has no block ${n}`);
  return blocks[n];
}

// Origins that the recipe names become the fake's, its files the test's own.
export function localized(text, origins, secret, folder) {
  const file = join(folder, 'secret');
  writeFileSync(file, secret ?? '');
  for (const [from, to] of Object.entries(origins)) text = text.replaceAll(from, to);
  return text.replaceAll(/"\/etc\/stagedoor\/[^"]*"/g, `"${file}"`);
}

// The usual configuration with this one's [session].
export const withSession = (session) => (options) => configuration(options).replace(/\[session\]\n(?:(?!\[).*\n)*/, () => session + '\n');

export async function withRecipe({ heading, n, path, algorithm = 'RS256', origins = [], secret }, judge) {
  const login = await FakeLogin.start({ algorithm, path });
  const folder = mkdtempSync(join(tmpdir(), 'stagedoor-recipe-'));
  const session = localized(recipe(heading, n), Object.fromEntries(origins.map((one) => [one, login.origin])), secret, folder);
  const door = await Stagedoor.start({ toml: withSession(session) });
  try {
    assert.equal((await door.book('open')).status, 201);
    await judge({ door, login, status: async (token, options = {}) => (await door.join('open', { token, ...options })).status });
  } finally {
    await door.stop();
    await login.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
