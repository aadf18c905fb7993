// Starts Debian's Janus with nothing in it but what this service uses: the videoroom plugin, and an API that only the gateway knows.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const library = () => {
  const found = readdirSync('/usr/lib').map((one) => join('/usr/lib', one, 'janus')).find((one) => existsSync(join(one, 'plugins')));
  if (!found) throw new Error('Janus is not installed: apt-get install janus');
  return found;
};

// All files of a folder but the wanted one: what stays out of the process.
const othersIn = (folder, wanted) => readdirSync(folder).filter((one) => one.endsWith('.so') && one !== wanted).join(',');

export function writeConfiguration({ folder, apiAddress, apiPort, secret, mediaPorts = '20000-20999', publicAddress }) {
  const janus = library();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (name, text) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write('janus.jcfg', `general: {
  configs_folder = "${folder}"
  plugins_folder = "${janus}/plugins"
  transports_folder = "${janus}/transports"
  events_folder = "${janus}/events"
  loggers_folder = "${janus}/loggers"
  api_secret = "${secret}"
  debug_level = 2
  debug_timestamps = true
  debug_colors = false
  session_timeout = 60
  reclaim_session_timeout = 0
  candidates_timeout = 45
  hide_dependencies = true
}
media: {
  rtp_port_range = "${mediaPorts}"
  no_media_timer = 5
}
nat: {
  nice_debug = false
  full_trickle = false
${publicAddress ? `  nat_1_1_mapping = "${publicAddress}"\n` : ''}}
plugins: {
  disable = "${othersIn(`${janus}/plugins`, 'libjanus_videoroom.so')}"
}
loggers: {
  disable = "libjanus_jsonlog.so"
}
transports: {
  disable = "${othersIn(`${janus}/transports`, 'libjanus_http.so')}"
}
`);
  write('janus.transport.http.jcfg', `general: {
  json = "compact"
  base_path = "/janus"
  http = true
  ip = "${apiAddress}"
  port = ${apiPort}
  https = false
}
admin: {
  admin_http = false
  admin_https = false
}
`);
  // Rooms are named as Stagedoor names them, and only who knows the key makes one.
  write('janus.plugin.videoroom.jcfg', `general: {
  string_ids = true
  admin_key = "${secret}"
}
`);
}

// `prefix` is a command that Janus is started by: another network, another user.
export function startJanus(folder, { prefix = [], out = 'inherit' } = {}) {
  const [command, ...args] = [...prefix, 'janus', '-F', folder];
  return spawn(command, args, { stdio: ['ignore', out, out] });
}
