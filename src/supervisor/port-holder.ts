/** Which process listens on a port of this machine, as far as this user may see it. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { commandOf } from './children/remains.ts'

/** Such as `process 4711 (nats-server --config …)`; undefined when it cannot be found out. */
export function holderOf(port: number): string | undefined {
  const found = process.platform === 'linux' ? fromProc(port) : fromLsof(port)
  return found === undefined ? undefined : `process ${found.pid} (${found.command})`
}

type Holder = { readonly pid: number; readonly command: string }

function fromProc(port: number): Holder | undefined {
  const sockets = new Set([...inodesOf('/proc/net/tcp', port), ...inodesOf('/proc/net/tcp6', port)])
  if (sockets.size === 0) return undefined
  const pid = namesIn('/proc')
    .map(Number)
    .find((candidate) => candidate > 0 && hasOneOf(candidate, sockets))
  return pid === undefined ? undefined : { pid, command: shortened(commandOf(pid)) }
}

const listening = '0A'

/** Columns: number, local address as HEX:PORT, remote address, state, queues, timer, retransmissions, user, timeout, inode. */
function inodesOf(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  try {
    return readFileSync(table, 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(suffix) === true && state === listening)
      .map((columns) => `socket:[${columns[9]}]`)
  } catch {
    return []
  }
}

function hasOneOf(pid: number, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`
  return namesIn(folder).some((name) => {
    try {
      return sockets.has(readlinkSync(`${folder}/${name}`))
    } catch {
      return false
    }
  })
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Its lines begin with p for the number and c for the name of the program. */
function fromLsof(port: number): Holder | undefined {
  try {
    const lines = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n')
    const [pid, command = ''] = ['p', 'c'].map((first) => lines.find((line) => line.startsWith(first))?.slice(1))
    return pid === undefined ? undefined : { pid: Number(pid), command }
  } catch {
    return undefined
  }
}

const commandMax = 80

function shortened(command: string): string {
  return command.length > commandMax ? `${command.slice(0, commandMax)}…` : command
}
