/** Keeps the certificates of `longitude up --tls` good while it runs, and tells the NATS servers when there is another one; all other programs look for themselves. */
import { statSync } from 'node:fs'
import { type DeploymentTls, type NatsServers, reloadNats } from '../flags/tls-flags.ts'

const keepMs = 60 * 60 * 1000

export class CertificateWatch {
  readonly #servers: NatsServers
  readonly #tls: DeploymentTls | undefined
  #state: string | undefined
  #keptMs = performance.now()

  constructor(servers: NatsServers, tls: DeploymentTls | undefined) {
    this.#servers = servers
    this.#tls = tls
    this.#state = this.#stateNow()
  }

  /** Called again and again. */
  look(): void {
    const { keep } = this.#tls ?? {}
    if (keep !== undefined && performance.now() - this.#keptMs > keepMs) {
      this.#keptMs = performance.now()
      keep()
    }
    const now = this.#stateNow()
    if (now === this.#state || now === undefined) return
    this.#state = now
    reloadNats(this.#servers)
  }

  #stateNow(): string | undefined {
    if (this.#tls === undefined) return undefined
    const found = statSync(this.#tls.cert, { throwIfNoEntry: false })
    return found === undefined ? undefined : `${found.mtimeMs} ${found.size} ${found.ino}`
  }
}
