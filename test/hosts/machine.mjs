/**
 * A host of the test: namespaces of the kernel's, with an address of its own, and with the files and the programs where docs/operating/deployment.md puts them. What runs there are
 * the commands of deploy/systemd. All of it ends with the first process of the host, as with the loss of a machine.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** As systemd's RestartSec. */
const againMs = 2000
const states = ['longitude', 'longitude-nats', 'longitude-quorum', 'longitude-group-quorum', 'longitude-cache']

export function execute(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}

/** The network that the hosts are in: this process has the first address of it. */
export function openNetwork(address) {
  execute('ip', 'link', 'set', 'lo', 'up')
  execute('ip', 'link', 'add', 'lan', 'type', 'bridge')
  execute('ip', 'address', 'add', `${address}/24`, 'dev', 'lan')
  execute('ip', 'link', 'set', 'lan', 'up')
}

export class Machine {
  #first
  #pid = 0
  /** By the unit's name. */
  #running = new Map()

  /** `files`: what is /etc/longitude there. `settings`: by the unit's name, as in /etc/default. */
  constructor({ name, address, files, folder, root, natsServer, settings = {} }) {
    Object.assign(this, { name, address, files, root, natsServer, settings })
    this.folder = join(folder, name)
    for (const part of ['state', 'etc', 'work', 'programs']) mkdirSync(join(this.folder, part), { recursive: true })
    for (const state of states) mkdirSync(join(this.folder, 'state', state), { recursive: true })
  }

  async switchOn() {
    const kinds = ['--net', '--mount', '--pid', '--propagation', 'private']
    this.#first = spawn('unshare', [...kinds, '--fork', '--mount-proc', '--kill-child', 'sleep', 'infinity'], {
      stdio: 'ignore',
    })
    while (this.#pid === 0) {
      const children = readFileSync(`/proc/${this.#first.pid}/task/${this.#first.pid}/children`, 'utf8').trim()
      this.#pid = Number(children)
      await sleep(20)
    }
    // Its namespaces are its own once it runs what it was told to.
    while (readFileSync(`/proc/${this.#pid}/comm`, 'utf8').trim() !== 'sleep') await sleep(20)
    const here = `h-${this.address.split('.').at(-1)}`
    execute('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(this.#pid))
    execute('ip', 'link', 'set', here, 'master', 'lan', 'up')
    const { folder, root } = this
    this.#inside(`
      set -e
      ip link set lo up
      ip address add ${this.address}/24 dev eth0
      ip link set eth0 up
      mount -t overlay overlay -o lowerdir=/etc,upperdir=${folder}/etc,workdir=${folder}/work /etc
      mkdir -p /etc/longitude /opt && mount --bind ${this.files} /etc/longitude
      mount -t tmpfs none /opt && mkdir /opt/longitude && mount --bind ${root} /opt/longitude
      mount --bind ${folder}/programs /usr/local/bin && cp ${this.natsServer} /usr/local/bin/nats-server
      mount --bind ${folder}/state /var/lib`)
  }

  #inside(script) {
    execute('nsenter', ...this.#entering(), 'sh', '-c', script)
  }

  #entering() {
    return ['--target', String(this.#pid), '--net', '--mount', '--pid', '--']
  }

  /** As `systemctl enable --now`: it is started again when it ends. */
  start(unit) {
    const text = readFileSync(join(this.root, 'deploy/systemd', `${unit}.service`), 'utf8')
    const [, command] = /^ExecStart=(.*)$/m.exec(text)
    const [, given = ''] = /^Environment=(.*)$/m.exec(text) ?? []
    const environment = given.split(' ').filter((each) => each !== '')
    const more = Object.entries(this.settings[unit] ?? {}).map(([name, value]) => `${name}=${value}`)
    const log = openSync(join(this.folder, `${unit}.log`), 'a')
    const clean = ['env', '-i', 'PATH=/usr/bin:/bin', ...environment, ...more]
    const child = spawn('nsenter', [...this.#entering(), ...clean, ...command.split(' ')], {
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    this.#running.set(unit, child)
    child.on('exit', () => {
      if (this.#running.get(unit) !== child) return
      setTimeout(() => {
        if (this.#running.get(unit) === child) this.start(unit)
      }, againMs)
    })
  }

  /** The process of the unit alone; systemd starts it again. */
  kill(unit) {
    appendFileSync(join(this.folder, `${unit}.log`), '--- kill -9\n')
    const { pid } = this.#running.get(unit)
    const inner = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    process.kill(Number(inner === '' ? pid : inner), 'SIGKILL')
  }

  async restart(unit) {
    const child = this.#running.get(unit)
    this.#running.delete(unit)
    const gone = new Promise((resolve) => child.once('exit', resolve))
    const inner = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    process.kill(Number(inner === '' ? child.pid : inner), 'SIGTERM')
    await gone
    this.start(unit)
  }

  /** What runs there ends at one moment. Its disks stay. */
  async switchOff() {
    this.#running.clear()
    if (this.#first === undefined) return
    const gone = new Promise((resolve) => this.#first.once('exit', resolve))
    if (this.#pid > 0) process.kill(this.#pid, 'SIGKILL')
    await gone
    this.#pid = 0
    this.#first = undefined
  }

  /** Whether a command on this host ends well. */
  tries(...command) {
    return spawnSync('nsenter', [...this.#entering(), ...command], { stdio: 'ignore' }).status === 0
  }

  /** What a command on this host says. */
  output(...command) {
    return execute('nsenter', ...this.#entering(), ...command)
  }
}
