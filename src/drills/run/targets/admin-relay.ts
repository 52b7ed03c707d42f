/**
 * What a node serves below /admin/, asked from outside its container: a small program inside, where the token lies, passes questions on,
 * one line each. It ends with its container and is started again with the next question.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Failure } from '../../../process/failure.ts'

type Question = { readonly body?: unknown; readonly timeoutMs?: number }
type Waiting = {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}
type Said = { readonly id: number; readonly ok: boolean; readonly text: string }

const answerMsMax = 5000
/** So that a container that is down is not asked for a new process with every question. */
const restMs = 500

const program = `
  const { env } = process
  const base = (env.LONGITUDE_TLS === 'true' ? 'https' : 'http') + '://127.0.0.1:' + (env.LONGITUDE_PORT || 8000) + '/admin/'
  const file = env.LONGITUDE_ADMIN_TOKEN_FILE || (env.LONGITUDE_DATA || '/data') + '/admin-token'
  const token = env.LONGITUDE_ADMIN_TOKEN || require('node:fs').readFileSync(file, 'utf8').trim()
  const authorization = 'Bearer ' + token
  require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, path, body, timeoutMs } = JSON.parse(line)
    const request = body === undefined ? { headers: { authorization } } : { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const said = await fetch(base + path, { ...request, signal: AbortSignal.timeout(timeoutMs) })
      .then(async (answer) => ({ ok: answer.ok, text: await answer.text() }), (error) => ({ ok: false, text: String(error) }))
    console.log(JSON.stringify({ id, ...said }))
  }).on('close', () => process.exit())`

export class AdminRelay {
  readonly #container: string
  readonly #waiting = new Map<number, Waiting>()
  #process: ChildProcess | undefined
  #count = 0
  #restUntilMs = 0

  constructor(container: string) {
    this.#container = container
  }

  async ask(path: string, { body, timeoutMs = answerMsMax }: Question = {}): Promise<unknown> {
    const relay = this.#running()
    const id = ++this.#count
    const text = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(id, (waiting) => waiting.reject(new Failure('no answer in time'))),
        timeoutMs + 1000,
      )
      this.#waiting.set(id, { resolve, reject, timer })
      relay.stdin?.write(`${JSON.stringify({ id, path, body, timeoutMs })}\n`)
    })
    return JSON.parse(String(text)) as unknown
  }

  close(): void {
    this.#process?.kill()
    this.#process = undefined
  }

  #running(): ChildProcess {
    if (this.#process !== undefined) return this.#process
    if (performance.now() < this.#restUntilMs) throw new Failure('the container does not run')
    // Where the container speaks TLS, this is the authority that Compose's service `secrets` has made; elsewhere the file is not there.
    const args = [
      'exec',
      '-i',
      '-e',
      'NODE_EXTRA_CA_CERTS=/run/longitude/tls/authority.crt',
      this.#container,
      'node',
      '--eval',
      program,
    ]
    const relay = spawn('docker', args, { stdio: ['pipe', 'pipe', 'ignore'] })
    relay.stdin.on('error', () => {})
    relay.on('error', () => this.#ended(relay))
    relay.on('close', () => this.#ended(relay))
    createInterface({ input: relay.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Said))
    this.#process = relay
    return relay
  }

  #hear({ id, ok, text }: Said): void {
    this.#settle(id, (waiting) => (ok ? waiting.resolve(text) : waiting.reject(new Failure(text))))
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    how(waiting)
  }

  #ended(relay: ChildProcess): void {
    if (this.#process !== relay) return
    this.#process = undefined
    this.#restUntilMs = performance.now() + restMs
    for (const id of this.#waiting.keys())
      this.#settle(id, (waiting) => waiting.reject(new Failure('the container has ended')))
  }
}
