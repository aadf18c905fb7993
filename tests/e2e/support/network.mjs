// A network of a test's own: a namespace behind a pair of virtual Ethernet interfaces, with an address on either side that is no loopback
// address, as WebRTC servers want it. It lives as long as a process that waits for our end: whatever becomes of the test, the
// kernel takes namespace and interfaces away with it.
import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';

const asRoot = process.getuid() === 0 ? [] : ['sudo', '-n'];

function run(command, ...args) {
  const [program, ...rest] = [...asRoot, command, ...args];
  const { status, stderr, error } = spawnSync(program, rest, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

// Why there can be none here, or null.
export function noNetworkBecause() {
  const [program, ...args] = [...asRoot, 'unshare', '--net', 'true'];
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? null : `a network namespace needs root (${stderr?.trim()})`;
}

export class Network {
  static async start() {
    const network = new Network();
    // 198.18.0.0/15 is set aside for tests of networks (RFC 2544).
    const base = `198.${randomInt(18, 20)}.${randomInt(0, 256)}.${4 * randomInt(0, 64)}`.split('.');
    const at = (host) => [...base.slice(0, 3), Number(base[3]) + host].join('.');
    [network.outside, network.inside] = [at(1), at(2)];

    // `cat` ends when our end of its standard input closes, however we end.
    const [program, ...args] = [...asRoot, 'unshare', '--net', 'sh', '-c', 'echo $$; exec cat'];
    network.holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    network.ended = new Promise((done) => network.holder.on('exit', done));
    network.pid = Number(await new Promise((done, failed) => {
      network.holder.stdout.once('data', (text) => done(String(text).trim()));
      network.ended.then(() => failed(new Error('there is no network namespace')));
    }));
    const name = (network.name = `sd${network.pid}`);
    try {
      run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'inside', 'netns', String(network.pid));
      run('ip', 'address', 'add', `${network.outside}/30`, 'dev', name);
      network.up();
      network.inNamespace('ip', 'address', 'add', `${network.inside}/30`, 'dev', 'inside');
      network.inNamespace('ip', 'link', 'set', 'inside', 'up');
      network.inNamespace('ip', 'link', 'set', 'lo', 'up');
      // A server that finds no way to some address is another test: coturn gives up a relay whose packet the kernel refuses.
      network.inNamespace('ip', 'route', 'add', 'default', 'via', network.outside);
    } catch (error) {
      await network.stop();
      throw error;
    }
    return network;
  }

  // What a command is started with to run inside, and to end with the process that started it.
  get prefix() {
    return [...asRoot, 'setpriv', '--pdeathsig', 'KILL', 'nsenter', `--net=/proc/${this.pid}/ns/net`];
  }
  inNamespace(...command) {
    run('nsenter', `--net=/proc/${this.pid}/ns/net`, ...command);
  }

  // The cable is pulled out, and put back in.
  down() {
    run('ip', 'link', 'set', this.name, 'down');
  }
  up() {
    run('ip', 'link', 'set', this.name, 'up');
  }

  async stop() {
    this.holder.stdin.end();
    await this.ended;
  }
}
