/**
 * Stops what is left when the supervisor is gone without having stopped it. A shell, because it must outlive us and do
 * almost nothing: it reads which processes are ours (+pid) and no longer ours (-pid) from a pipe, and when the pipe ends,
 * which happens however the supervisor dies, it asks them to stop, and after five seconds makes them.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Writable } from 'node:stream'

const script = `
trap '' HUP INT QUIT TERM
lives() {
  kill -0 $1 || return 1
  state=
  [ -r /proc/$1/stat ] && read -r _ _ state _ </proc/$1/stat
  [ "$state" != Z ]
}
pids=' '
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) pids="$pids$pid " ;;
    -*) case $pids in *" $pid "*) pids="\${pids%% $pid *} \${pids#* $pid }" ;; esac ;;
  esac
done
tries=0
[ "$pids" = ' ' ] || kill -TERM $pids
while [ $tries -lt 50 ]; do
  left=
  for pid in $pids; do lives $pid && left="$left $pid"; done
  [ -n "$left" ] || exit 0
  pids=$left
  tries=$((tries + 1))
  sleep 0.1
done
kill -KILL $pids
`

export class Sentinel {
  readonly #pids = new Set<number>()
  #shell: ChildProcessByStdio<Writable, null, null>
  #dismissed = false

  constructor() {
    this.#shell = this.#start()
  }

  get pid(): number | undefined {
    return this.#shell.pid
  }

  watch(pid: number): void {
    this.#pids.add(pid)
    this.#shell.stdin.write(`+${pid}\n`)
  }

  unwatch(pid: number): void {
    this.#pids.delete(pid)
    this.#shell.stdin.write(`-${pid}\n`)
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
    for (const pid of this.#pids) shell.stdin.write(`+${pid}\n`)
    return shell
  }
}
