/**
 * Stops what is left when the supervisor is gone without having stopped it. A shell, because it must outlive us and do
 * almost nothing: it reads which processes are ours (+pid:start) and no longer ours (-pid:start) from a pipe, and when the pipe
 * ends, which happens however the supervisor dies, it asks them to stop, and after five seconds makes them. The start time
 * tells a process from a later one with its number.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Writable } from 'node:stream'
import { startOf } from '../../process/process-identity.ts'

const script = `
trap '' HUP INT QUIT TERM
lives() {
  pid=\${1%%:*}
  began=\${1#*:}
  kill -0 $pid || return 1
  [ -r /proc/self/stat ] || return 0
  read -r stat </proc/$pid/stat || return 1
  set -- \${stat##*) }
  [ "$1" != Z ] && { [ -z "$began" ] || [ "\${20}" = "$began" ]; }
}
signal() {
  for each in $all; do lives $each && kill -$1 \${each%%:*}; done
}
all=' '
while read -r line; do
  each=\${line#?}
  case $line in
    +*) all="$all$each " ;;
    -*) case $all in *" $each "*) all="\${all%% $each *} \${all#* $each }" ;; esac ;;
  esac
done
tries=0
signal TERM
signal CONT
while [ $tries -lt 50 ]; do
  left=
  for each in $all; do lives $each && left="$left $each"; done
  [ -n "$left" ] || exit 0
  all=$left
  tries=$((tries + 1))
  sleep 0.1
done
signal KILL
`

export class Sentinel {
  /** Each with its start time, by number. */
  readonly #watched = new Map<number, string>()
  #shell: ChildProcessByStdio<Writable, null, null>
  #dismissed = false

  constructor() {
    this.#shell = this.#start()
  }

  get pid(): number | undefined {
    return this.#shell.pid
  }

  watch(pid: number): void {
    const watched = `${pid}:${startOf(pid) ?? ''}`
    this.#watched.set(pid, watched)
    this.#shell.stdin.write(`+${watched}\n`)
  }

  unwatch(pid: number): void {
    const watched = this.#watched.get(pid)
    if (watched === undefined) return
    this.#watched.delete(pid)
    this.#shell.stdin.write(`-${watched}\n`)
  }

  /** Ends it; it stops whatever is still watched. Resolves when it has. */
  async dismiss(): Promise<void> {
    this.#dismissed = true
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return
    await new Promise<void>((resolve) => {
      this.#shell.once('exit', () => resolve())
      this.#shell.stdin.end()
    })
  }

  #start(): ChildProcessByStdio<Writable, null, null> {
    const shell = spawn('sh', ['-c', script, 'longitude-sentinel'], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    shell.stdin.on('error', () => {})
    shell.once('exit', () => {
      if (!this.#dismissed) this.#shell = this.#start()
    })
    shell.once('error', () => {})
    for (const watched of this.#watched.values()) shell.stdin.write(`+${watched}\n`)
    return shell
  }
}
