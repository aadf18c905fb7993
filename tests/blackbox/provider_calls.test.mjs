// The failure list for the calls of adapters that are not the one which makes a room: access tokens, what is asked for when somebody goes in, and what
// follows a create.
import { after, test } from 'node:test';
import { FakeDaily, apiKey as dailyKey, provider as daily } from './support/fake_daily.mjs';
import { FakeGoogleMeet } from './support/fake_google_meet.mjs';
import { FakeMicrosoftTeams, teamsSecret } from './support/fake_microsoft_teams.mjs';
import { FakeService, hookSecret } from './support/fake_service.mjs';
import { FakeZoom, zoomSecret } from './support/fake_zoom.mjs';
import { session } from './support/stagedoor.mjs';
import { everyFailure, joins, opens } from './support/vendor_failures.mjs';

const zoom = await FakeZoom.start();
const meet = await FakeGoogleMeet.start();
const teams = await FakeMicrosoftTeams.start();
const rooms = await FakeDaily.start('/v1');
const service = await FakeService.start();
after(async () => {
  for (const fake of [zoom, meet, teams, rooms, service]) await fake.stop();
});

const asClient = (door, room) => opens(door, room, { role: 'client', token: session({ sub: 'client-1', role: 'client' }) });
const sdk = 'embed_url = "https://www.example.com/zoom"\nsdk_key = "sdk-key"\nsdk_secret = "sDkS3cr3t-of-the-sdk-app-01234567"\n';
const ofZoom = { fake: zoom, secrets: [zoomSecret, 'zak=', 'fresh-'], repeats: true };
const looking = () => `[providers.own]
type = "custom"
url_template = "https://video.acme.com/room/{roomId}?t={token}"
create_url = "${service.origin}/api"
look_first = true
hook_secret = "${hookSecret}"
[providers.own.token]
secret = "kT4vXz9pQm2wLb7nRj5cYh8gFd3sAe6u-own"
`;

const calls = {
  'Zoom\'s access token': { ...ofZoom, configure: () => zoom.configuration, path: /\/oauth\/token$/, open: joins, renews: false },
  'the host\'s start link': { ...ofZoom, configure: () => zoom.configuration, path: /\/meetings\/\d+$/, method: 'GET', open: opens },
  'a client\'s invite link': { ...ofZoom, configure: () => zoom.configuration + 'invite_links = true\n', path: /\/invite_links$/, open: asClient },
  'the host\'s token for the Meeting SDK': { ...ofZoom, configure: () => zoom.configuration + sdk, path: /\/users\/[^/]+\/token$/, method: 'GET', open: joins },
  'Google\'s access token': { fake: meet, configure: () => meet.configuration, path: /\/token$/, open: joins, secrets: ['BEGIN PRIVATE'], repeats: true, renews: false },
  'Microsoft\'s access token': { fake: teams, configure: () => teams.configuration, path: /\/oauth2\/v2\.0\/token$/, open: joins, secrets: [teamsSecret], repeats: true, renews: false },
  'the lobby of a Teams meeting': { fake: teams, configure: () => teams.configuration, path: /\/onlineMeetings\/[^/]+$/, method: 'PATCH', open: joins, secrets: [teamsSecret], repeats: true },
  'Daily\'s domain': { fake: rooms, configure: () => daily(rooms), path: /^\/v1\/$/, method: 'GET', open: joins, secrets: [dailyKey], repeats: true, renews: false },
  'the look at a room of one\'s own service': { fake: service, configure: looking, path: /\/rooms\//, method: 'GET', open: joins, secrets: [hookSecret], repeats: true, renews: false, fine: ['a 404'] },
};
for (const [name, call] of Object.entries(calls)) test(`every failure of the call for ${name}`, (t) => everyFailure(t, call));
