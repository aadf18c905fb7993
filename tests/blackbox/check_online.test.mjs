// `check-config --online`, as an operator runs it: each provider is asked once, and each usual mistake is answered by a sentence that says what to
// mend, with no secret in it, and by the exit status.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { json } from './support/fake_vendor.mjs';
import { Fake100ms, appSecret, provider as hms, templateId } from './support/fake_100ms.mjs';
import { FakeBigBlueButton, bbbSecret } from './support/fake_bigbluebutton.mjs';
import { FakeDaily, apiKey as dailyKey, domainId, provider as daily } from './support/fake_daily.mjs';
import { FakeGoogleMeet } from './support/fake_google_meet.mjs';
import { FakeLiveKit, provider as livekit, secret as livekitSecret } from './support/fake_livekit.mjs';
import { FakeMicrosoftTeams, organizer, teamsSecret } from './support/fake_microsoft_teams.mjs';
import { FakeService, hookSecret } from './support/fake_service.mjs';
import { FakeWhereby, wherebyKey } from './support/fake_whereby.mjs';
import { FakeZoom, zoomSecret } from './support/fake_zoom.mjs';
import { freePort, onlineCheck } from './support/stagedoor.mjs';

const fakes = {
  hms: await Fake100ms.start(), bbb: await FakeBigBlueButton.start(), daily: await FakeDaily.start('/v1'), meet: await FakeGoogleMeet.start(), livekit: await FakeLiveKit.start(),
  teams: await FakeMicrosoftTeams.start(), own: await FakeService.start(), whereby: await FakeWhereby.start(), zoom: await FakeZoom.start(),
};
// A server whose certificate no known authority has signed.
const folder = mkdtempSync(join(tmpdir(), 'stagedoor-tls-'));
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2', '-subj', '/CN=localhost'], { cwd: folder, stdio: 'ignore' });
const stranger = createServer({ key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) }, (q, r) => r.end('{}'));
await new Promise((done) => stranger.listen(0, '127.0.0.1', done));
rmSync(folder, { recursive: true });
after(async () => {
  stranger.closeAllConnections();
  await new Promise((done) => stranger.close(done));
  for (const fake of Object.values(fakes)) await fake.stop();
});

const { hms: ms, bbb, meet, teams, own, whereby, zoom } = fakes;
const ownSecret = 'kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u-own';
const service = `[providers.own]
type = "custom"
url_template = "https://video.acme.com/room/{roomId}?t={token}"
create_url = "${own.origin}/api"
hook_secret = "${hookSecret}"
[providers.own.token]
secret = "${ownSecret}"
`;
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const anotherKey = { ...meet.keyFile, private_key: pem };
const says = (fake, path, status, body = {}) => ({ before: () => fake.misbehave((q, r) => json(r, status, body), { method: '*', path, times: 9 }), after: () => fake.heal() });

// [what is wrong, the settings, what is said, how the vendor is changed for it]
const good = [
  ['100ms', hms(ms), /hms\s+good: 100ms accepts the credentials, and the template has our roles/],
  ['BigBlueButton', bbb.configuration, /bbb\s+good: BigBlueButton accepts the secret/],
  ['Daily', daily(fakes.daily), /daily\s+good: Daily accepts the API key/],
  ['Google Meet', meet.configuration, /meet\s+good: Google accepts the service account/],
  ['LiveKit', livekit(fakes.livekit), /livekit\s+good: LiveKit accepts the API key and its secret/],
  ['Teams', teams.configuration, /teams\s+good: Microsoft accepts the credentials, and the access policy covers every organizer/],
  ['one\'s own service', service, /own\s+good: the service takes our token/],
  ['Whereby', whereby.configuration, /whereby\s+good: Whereby accepts the key/],
  ['Zoom', zoom.configuration, /zoom\s+good: Zoom accepts the credentials, the scopes suffice/],
  ['Jitsi, which has nothing to ask', '[providers.jitsi]\nurl = "https://meet.acme.com"\napp_id = "stagedoor"\nsecret = "kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u"\n', /jitsi\s+good: nothing to ask/],
];
const wrong = [
  ['100ms: another secret', hms(ms).replace(appSecret, 'Qx8vB2nM5qW1eR4tY7uI0oP3aS6dF9gH-100ms-app-secret'), /FAILED: .*100ms does not accept access_key and secret/],
  ['100ms: no such template', hms(ms).replace(templateId, '63188115d11d6db790c73c61'), /FAILED: .*no template template_id/],
  ['100ms: a role that the template lacks', hms(ms, '[providers.hms.roles]\nexpert = "doctor"'), /FAILED: .*the template has no role "doctor"/],
  ['BigBlueButton: another secret', bbb.configuration.replace(bbbSecret, 'qT6hWm1cZk3mXv9pWc2rBn5y'), /FAILED: .*checksumError.*bbb-conf --secret/],
  ['BigBlueButton: another address', bbb.configuration.replace('/bigbluebutton/', '/elsewhere/'), /FAILED: /],
  ['Daily: another key', daily(fakes.daily).replace(dailyKey, 'x1' + dailyKey.slice(2)), /FAILED: .*Daily does not accept api_key/],
  ['Daily: another domain', daily(fakes.daily).replace('domain = "acme"', 'domain = "umbrella"'), /FAILED: .*belongs to the domain "acme"/],
  ['Daily: another domain id', daily(fakes.daily, `domain_id = "${domainId.replace('3', '4')}"`), /FAILED: .*domain_id is not the one/],
  ['Meet: no delegation', meet.configuration.replace('calls@example.com', 'other@example.com'), /FAILED: other@example\.com: .*domain-wide delegation/],
  ['Meet: a key that was replaced', meet.configuration.replace(/'''[^']*'''/, () => `'''${JSON.stringify(anotherKey)}'''`), /FAILED: .*the key has not been deleted/],
  ['Meet: the API is off', meet.configuration, /FAILED: .*enable the Google Meet REST API/, says(meet, /conferenceRecords/, 403, { error: { status: 'PERMISSION_DENIED' } })],
  ['LiveKit: another secret', livekit(fakes.livekit).replace(livekitSecret, 'wR9vT2mQ7xW4pL8nB3cF6hJ1zD5gR0yE-another'), /FAILED: .*LiveKit does not accept api_key and secret/],
  ['LiveKit: another server', livekit(fakes.livekit, `api_url = "${whereby.origin}"`), /FAILED: .*LiveKit does not accept|FAILED: .*no LiveKit server API/],
  ['LiveKit: nothing of it there', livekit(fakes.livekit), /FAILED: .*no LiveKit server API is at this address/, says(fakes.livekit, /ListRooms/, 404)],
  ['Teams: another secret', teams.configuration.replace(teamsSecret, 'qT6hWm1cZk3mXv9pWc2rBn5y'), /FAILED: .*check client_secret: its value, not its id/],
  ['Teams: no policy', teams.configuration, /FAILED: .*Grant-CsApplicationAccessPolicy/, { before: () => (teams.policy = false), after: () => (teams.policy = true) }],
  ['Teams: no consent', teams.configuration, /FAILED: .*OnlineMeetings\.ReadWrite\.All with admin consent/, says(teams, /onlineMeetings/, 403, { error: { code: 'Authorization_RequestDenied', message: 'Insufficient privileges' } })],
  ['Teams: no such organizer', teams.configuration.replace(organizer, '650fae72-d251-43ec-868c-373732c2704f'), /FAILED: .*knows no user 650fae72.*check organizers/],
  ['own service: it does not take our calls', service.replace(hookSecret, 'whsec_' + Buffer.from('another-secret-of-the-tests').toString('base64')), /FAILED: .*does not take our calls.*jwks\.json/],
  ['Whereby: another key', whereby.configuration.replace(wherebyKey, 'qT6hWm1cZk3mXv9pWc2rBn5y'), /FAILED: .*Whereby does not accept api_key/],
  ['Whereby: a plan without API', whereby.configuration, /FAILED: .*has no API/, says(whereby, /meetings/, 403)],
  ['Whereby: another subdomain', whereby.configuration, /FAILED: .*check subdomain/, says(whereby, /meetings/, 200, { cursor: null, results: [{ roomUrl: 'https://other.whereby.com/r' }] })],
  ['Zoom: another account', zoom.configuration.replace('acct-1', 'acct-2'), /FAILED: .*check account_id/],
  ['Zoom: no such host', zoom.configuration.replace('b@example.com', 'c@example.com'), /FAILED: .*knows no user c@example\.com.*check hosts/],
];
const secrets = [appSecret, bbbSecret, dailyKey, livekitSecret, teamsSecret, wherebyKey, zoomSecret, ownSecret, 'Zk3mXv9pWc2rBn5y', 'BEGIN PRIVATE', 'token-of-the-fake'];

// Whose address is wrong in one of these ways, for every provider that is asked for something: [name, fake, settings, the addresses that lead to it].
const asked = [
  ['100ms', ms, hms(ms)], ['BigBlueButton', bbb, bbb.configuration], ['Daily', fakes.daily, daily(fakes.daily)], ['Google Meet', meet, meet.configuration], ['LiveKit', fakes.livekit, livekit(fakes.livekit)],
  ['Teams', teams, teams.configuration], ['own service', own, service], ['Whereby', whereby, whereby.configuration], ['Zoom', zoom, zoom.configuration],
  ['Galene', whereby, `[providers.galene]\nurl = "${whereby.origin}"\ngroup = "calls"\nsecret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"\n`],
];
const closed = await freePort();
const moved = (fake, settings, to) => settings.replaceAll(fake.origin, to).replaceAll(fake.origin.replace(/^http/, 'ws'), to.replace(/^http/, 'ws'));
const answers = (fake, act) => ({ before: () => fake.misbehave(act, { method: '*', path: /./, times: 99 }), after: () => fake.heal() });
const unreachable = asked.flatMap(([name, fake, settings]) => [
  [`${name}: nobody listens there`, moved(fake, settings, `http://127.0.0.1:${closed}`), /FAILED: .*Connection refused.*check the address, and that this machine may reach it/],
  [`${name}: no such host`, moved(fake, settings, 'https://nowhere.invalid'), /FAILED: .*name not found.*check the address, and this machine's DNS/],
  [`${name}: a certificate of a stranger`, moved(fake, settings, `https://localhost:${stranger.address().port}`), /FAILED: .*tls failed.*self-signed certificate.*http_client\.ca_file/],
  [`${name}: another server's page`, settings, /FAILED: .*(not the API's address|no answer of BigBlueButton's API: status 200.*check url)/, answers(fake, (q, r) => r.end('<html><body>It works!'))],
  [`${name}: it leads elsewhere`, settings, /FAILED: .*status 302: it leads elsewhere.*check the address/, answers(fake, (q, r) => r.writeHead(302, { location: 'https://elsewhere.example.com/' }).end())],
  [`${name}: it is ill`, settings, /FAILED: .*status 500/, answers(fake, (q, r) => r.writeHead(500).end())],
]);

for (const [name, settings, expected, change] of [...good, ...wrong, ...unreachable]) {
  test(name, async () => {
    change?.before();
    const { code, printed } = await onlineCheck(`public_url = "https://call.example.com"\n[session]\nsecret = "kD7mQ2xV9sLpT4wYhN8bR3cF6gJ1zA5e-s"\n${settings}`).finally(() => change?.after());
    assert.match(printed, expected);
    assert.equal(code, printed.includes('FAILED') ? 1 : 0, printed);
    for (const secret of secrets) assert.ok(!printed.includes(secret), 'a secret is printed');
  });
}
