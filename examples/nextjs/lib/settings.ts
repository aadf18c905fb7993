// What the app is told by its environment. Read at the first request, not while `next build` runs; all mistakes are told at once.
import 'server-only';
import { readFileSync } from 'node:fs';

export type Settings = ReturnType<typeof read>;

function read(environment: NodeJS.ProcessEnv) {
  const mistakes: string[] = [];

  const text = (name: string, otherwise?: string) => {
    const value = environment[name] || otherwise;
    if (!value) mistakes.push(`${name} is not set`);
    return value ?? '';
  };
  // Secrets come from files: an environment is inherited by every child and shown by many tools.
  const secret = (name: string, bytesMin: number) => {
    const file = text(name);
    try {
      const value = file ? readFileSync(/* turbopackIgnore: true */ file, 'utf8').replace(/\n$/, '') : '';
      if (file && Buffer.byteLength(value) < bytesMin) mistakes.push(`${name}: ${file} holds less than ${bytesMin} bytes`);
      return value;
    } catch (error) {
      mistakes.push(`${name}: ${(error as Error).message}`);
      return '';
    }
  };
  const origin = (name: string, value = text(name)) => {
    if (value && (!URL.canParse(value) || new URL(value).origin !== value))
      mistakes.push(`${name} must be an origin like https://www.example.com, not ${value}`);
    return value;
  };

  const stagedoorOrigin = origin('STAGEDOOR_ORIGIN');
  const settings = {
    // Where browsers find this app, and where they find Stagedoor (its `public_url`).
    appOrigin: origin('APP_ORIGIN'),
    stagedoorOrigin,
    // Where this app finds Stagedoor: unix:/run/stagedoor.sock, http://127.0.0.1:3003 or https://stagedoor.internal
    stagedoor: text('STAGEDOOR_URL'),
    // Whose pages the call's iframe may show: your video provider. The built-in room is Stagedoor's own.
    videoOrigins: text('VIDEO_ORIGINS', stagedoorOrigin || 'none').split(/\s+/).map((one) => origin('VIDEO_ORIGINS', one)),
    // How many reverse proxies stand before this app and append to X-Forwarded-For.
    proxiesInFront: Number(text('PROXIES_IN_FRONT', '0')),
    sessionSecret: secret('SESSION_SECRET_FILE', 32),
    serviceKey: secret('STAGEDOOR_SERVICE_KEY_FILE', 32),
    accountsFile: text('ACCOUNTS_FILE'),
    appointmentsFile: text('APPOINTMENTS_FILE'),
  };
  if (!/^(unix:\/|https?:\/\/)/.test(settings.stagedoor)) mistakes.push('STAGEDOOR_URL must begin with unix:/, http:// or https://');
  if (!Number.isInteger(settings.proxiesInFront) || settings.proxiesInFront < 0) mistakes.push('PROXIES_IN_FRONT must be a number');
  if (mistakes.length > 0) throw new Error(`The environment has mistakes:\n  ${mistakes.join('\n  ')}`);
  return settings;
}

let known: Settings | undefined;
export const settings = (): Settings => (known ??= read(process.env));
