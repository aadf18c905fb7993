// ./dev demo-providers: the scripted vendors of the tests and a server that is configured with all providers; prints one join link of
// each. It goes on until Ctrl-C; with --once it ends at once, as a test runs it.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Fake100ms, provider as hundredMs } from './support/fake_100ms.mjs';
import { FakeBigBlueButton } from './support/fake_bigbluebutton.mjs';
import { FakeDaily, provider as daily } from './support/fake_daily.mjs';
import { FakeGoogleMeet } from './support/fake_google_meet.mjs';
import { FakeLiveKit, provider as livekit } from './support/fake_livekit.mjs';
import { FakeMicrosoftTeams } from './support/fake_microsoft_teams.mjs';
import { FakeWhereby } from './support/fake_whereby.mjs';
import { FakeZoom } from './support/fake_zoom.mjs';
import { Stagedoor, rfc3339, session } from './support/stagedoor.mjs';

const pem = (kind, options) => generateKeyPairSync(kind, options).privateKey.export({ type: 'pkcs8', format: 'pem' });
const secret = () => randomBytes(32).toString('base64url');

// Every provider with what it needs: a name, the fake that answers for its vendor where it asks one, and its settings.
const providers = [
  { name: 'builtin', settings: () => `[providers.builtin]\nsecret = "${secret()}"\n` },
  { name: '100ms', fake: () => Fake100ms.start(), settings: (fake) => hundredMs(fake).replace('[providers.hms]', '[providers.100ms]') },
  { name: 'zoom', fake: () => FakeZoom.start(), settings: (fake) => fake.configuration },
  { name: 'google-meet', fake: () => FakeGoogleMeet.start(), settings: (fake) => fake.configuration.replace('[providers.meet]', '[providers.google-meet]') },
  { name: 'microsoft-teams', fake: () => FakeMicrosoftTeams.start(), settings: (fake) => fake.configuration.replace('[providers.teams]', '[providers.microsoft-teams]') },
  { name: 'whereby', fake: () => FakeWhereby.start(), settings: (fake) => fake.configuration },
  { name: 'bigbluebutton', fake: () => FakeBigBlueButton.start(), settings: (fake) => fake.configuration.replace('[providers.bbb]', '[providers.bigbluebutton]') },
  { name: 'daily', fake: () => FakeDaily.start('/v1'), settings: (fake) => daily(fake) },
  { name: 'livekit', fake: () => FakeLiveKit.start(), settings: (fake) => livekit(fake) },
  { name: 'jitsi', settings: () => `[providers.jitsi]\nurl = "https://meet.acme.com"\napp_id = "stagedoor"\nsecret = "${secret()}"\n` },
  { name: 'jaas', settings: () => `[providers.jaas]\napp_id = "vpaas-magic-cookie-5f0e1c2b"\nkey_id = "4f8ab2"\nprivate_key = '''\n${pem('rsa', { modulusLength: 2048 })}'''\n` },
  { name: 'galene', settings: () => `[providers.galene]\nurl = "https://galene.acme.com:8443"\ngroup = "calls"\nsecret = "${secret()}"\n` },
  { name: 'custom', settings: () => `[providers.custom]\nurl_template = "https://video.acme.com/room/{roomId}?user={user}&token={token}"\n[providers.custom.token]\nprivate_key = '''\n${pem('ed25519')}'''\n` },
];

const started = [];
async function stop() {
  for (const one of started.reverse()) await one.stop();
}

try {
  const tables = [];
  for (const one of providers) {
    const fake = await one.fake?.();
    if (fake) started.push(fake);
    tables.push(one.settings(fake));
  }
  const door = await Stagedoor.start({ top: 'default_provider = "builtin"', providers: tables.join('\n') });
  started.push(door);
  const now = Date.now();
  for (const { name } of providers) {
    const room = `demo-${name}`;
    const booked = await door.book(room, { provider: name, startsAt: rfc3339(now), endsAt: rfc3339(now + 3_600_000) });
    if (booked.status !== 201) throw new Error(booked.text);
    const joined = await door.join(room);
    if (joined.status !== 200) throw new Error(`${name}: ${joined.text}`);
    console.log(`${name}\n  ${joined.json.videoCallUrl}\n`);
  }
  if (!process.argv.includes('--once')) {
    console.log(`The server answers at ${door.base}, with the configuration in ${door.file}. Vendors are scripted: only the built-in room's link opens a call. Ctrl-C ends it.`);
    console.log(`curl "${door.base}/api/expert/videocall/url?roomId=demo-livekit" -H "Authorization: Bearer ${session()}"`);
    await new Promise((done) => process.once('SIGINT', done).once('SIGTERM', done));
  }
} finally {
  await stop();
}
