/**
 * The other processes of a region, seen from the one that owns the writes: it starts them, gives them their share of the
 * connections in turn, answers what they forward, and takes back what is not for them.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { serveForwarded } from '../../http/processes/forwarding.ts'
import type { PortCertificate } from '../../http/secure.ts'
import { openWayBack, type WayBack } from '../../http/processes/way-back.ts'
import type { RunningServer } from '../../http/server.ts'
import type { Faults } from '../../operations/faults/faults.ts'
import type { Log } from '../../ports/log.ts'
import type { Meter } from '../../ports/meter.ts'
import type { Service } from '../../ports/service.ts'
import { ownProgram } from '../../process/own-program.ts'
import type { DataKeys, DataSecrets } from '../store/data-keys.ts'
import { forwardingDescriptor, type FromWorker, type RegionsTold, type ToWorker, type WorkerStart } from './messages.ts'

export type WorkersOptions = {
  /** Beside this process. */
  readonly count: number
  /** The region's own, which runs before they start and until they have ended. */
  readonly server: () => RunningServer
  readonly start: Omit<WorkerStart, 'type' | 'tls' | 'dataKeys'>
  readonly secure: { readonly tls: PortCertificate | undefined; readonly ticketKeys: Buffer | undefined }
  /** What the store is encrypted with now. */
  readonly dataKeys: Pick<DataKeys, 'secrets' | 'tellOthers'> | undefined
  /** As known now; workers are told of a change within seconds. */
  readonly regions: () => RegionsTold
  readonly faults: Pick<Faults, 'any' | 'onAny'>
  readonly log: Log
  readonly meter: Meter
  /** A request failed in a worker as if the store were damaged; `record` is the key of the record that it found damaged. */
  readonly onFailed: (message: string, record: Buffer | undefined) => void
}

const restartMs = 500
const regionsEveryMs = 1000
/** A worker that has not answered for so long is stuck; what it cannot read it refuses. */
const keysMsMax = 5000
/** More than a worker gives itself. */
const stopMsMax = 8000

export class Workers implements Service {
  readonly #options: WorkersOptions
  readonly #ready: ChildProcess[] = []
  readonly #all = new Set<ChildProcess>()
  #wayBack: WayBack | undefined
  #turn = 0
  #stopping = false
  #told = ''
  #telling: NodeJS.Timeout | undefined

  constructor(options: WorkersOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#options.count
  }

  /** Resolves when all of them serve. */
  async start(): Promise<void> {
    const { secure, count, server, dataKeys, faults } = this.#options
    if (count === 0) return
    if (secure.tls !== undefined)
      this.#wayBack = await openWayBack((socket, received) => server().takeBack(socket, received))
    this.#telling = setInterval(() => this.#tellRegions(), regionsEveryMs).unref()
    dataKeys?.tellOthers((secrets) => this.#tellKeys(secrets))
    faults.onAny((any) => {
      for (const worker of this.#all) tell(worker, { type: 'faults', any })
    })
    await Promise.all(Array.from({ length: count }, async () => await this.#fork()))
  }

  /** Resolves when every worker knows the keys, or has ended: one that starts is told them. */
  async #tellKeys(dataKeys: DataSecrets): Promise<void> {
    const told = [...this.#all].map(async (worker) => {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          worker.off('message', hear).off('exit', done)
          resolve()
        }
        const hear = ({ type }: FromWorker): void => {
          if (type === 'keys') done()
        }
        worker.on('message', hear).on('exit', done)
        setTimeout(done, keysMsMax).unref()
        tell(worker, { type: 'keys', dataKeys })
      })
    })
    await Promise.all(told)
  }

  /** One in turn, this process too. */
  readonly distribute = (socket: Socket): boolean => {
    this.#turn = (this.#turn + 1) % (this.#ready.length + 1)
    const worker = this.#ready[this.#turn - 1]
    if (worker === undefined) return false
    tell(worker, { type: 'connection' }, socket)
    return true
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#telling)
    await Promise.all([...this.#all].map(ended))
    await this.#wayBack?.close()
  }

  async #fork(): Promise<void> {
    const { log, start } = this.#options
    const program = ownProgram().at(-1) ?? ''
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] as const
    const worker = fork(program, ['worker'], { stdio: [...stdio], serialization: 'json' })
    this.#all.add(worker)
    const forwarding = worker.stdio[forwardingDescriptor] as Socket
    forwarding.on('error', () => {})
    serveForwarded(forwarding, {
      answer: (request, send) => this.#options.server().answer(request, send),
      onStuck: () => {
        log.error('a worker does not read its replies and is ended', { pid: worker.pid })
        forwarding.destroy()
        worker.kill('SIGKILL')
      },
    })
    const ready = new Promise<void>((resolve) => {
      worker.on('message', (message: FromWorker, handle) => {
        if (message.type === 'ready') {
          this.#ready.push(worker)
          resolve()
        } else if (message.type === 'leaving') this.#withdraw(worker)
        else if (message.type === 'keys') return
        else this.#hear(message, handle as Socket | undefined)
      })
    })
    const gone = new Promise<void>((resolve) => {
      worker.once('exit', (code) => {
        this.#forget(worker)
        if (!this.#stopping) {
          log.error('a worker has ended and is started again', { code })
          setTimeout(() => void this.#forkAgain(), restartMs).unref()
        }
        resolve()
      })
    })
    tell(worker, { type: 'regions', ...this.#options.regions() })
    tell(worker, { type: 'faults', any: this.#options.faults.any })
    tell(worker, { type: 'start', ...start, tls: this.#tls(), dataKeys: this.#options.dataKeys?.secrets })
    await Promise.race([ready, gone])
  }

  /** One that has ended while the region stops stays away. */
  async #forkAgain(): Promise<void> {
    if (!this.#stopping) await this.#fork()
  }

  #tls(): WorkerStart['tls'] {
    const { tls, ticketKeys } = this.#options.secure
    const wayBack = this.#wayBack
    if (tls?.files === undefined || ticketKeys === undefined || wayBack === undefined) return undefined
    return { files: tls.files, ticketKeys: ticketKeys.toString('base64'), wayBack: wayBack.place }
  }

  #hear(message: Exclude<FromWorker, { type: 'ready' | 'leaving' | 'keys' }>, socket: Socket | undefined): void {
    if (message.type === 'connection') {
      if (socket !== undefined) this.#options.server().takeBack(socket, Buffer.from(message.received, 'base64'))
      return
    }
    const { meter, onFailed } = this.#options
    if (message.type === 'failed')
      return onFailed(message.error, message.record === undefined ? undefined : Buffer.from(message.record, 'base64'))
    for (const [name, labels, by] of message.counted) meter.count(name, labels, by)
    for (const [name, labels, values] of message.observed)
      for (const value of values) meter.observe(name, value, labels)
  }

  #tellRegions(): void {
    const regions = this.#options.regions()
    const text = JSON.stringify(regions)
    if (text === this.#told) return
    this.#told = text
    for (const worker of this.#all) tell(worker, { type: 'regions', ...regions })
  }

  #forget(worker: ChildProcess): void {
    this.#all.delete(worker)
    this.#withdraw(worker)
  }

  /** It is given no further connection. */
  #withdraw(worker: ChildProcess): void {
    const at = this.#ready.indexOf(worker)
    if (at >= 0) this.#ready.splice(at, 1)
  }
}

async function ended(worker: ChildProcess): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve())
  })
  tell(worker, { type: 'stop' })
  const hard = setTimeout(() => worker.kill('SIGKILL'), stopMsMax).unref()
  await gone
  clearTimeout(hard)
}

function tell(worker: ChildProcess, message: ToWorker, socket?: Socket): void {
  // A worker that is gone has taken its connections along; their clients connect again.
  worker.send(message, socket, { keepOpen: false }, (error) => {
    if (error !== null) socket?.destroy()
  })
}
