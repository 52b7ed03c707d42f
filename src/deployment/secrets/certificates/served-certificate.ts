/** The certificate that a port shows, from two files that may be replaced while it runs: they are looked at every second, and taken up once they belong together. */
import { readFileSync, statSync } from 'node:fs'
import type { CertificateFiles, PortCertificate } from '../../../http/secure.ts'
import type { Log } from '../../../ports/log.ts'
import { messageOf } from '../../../process/failure.ts'
import { requirePair } from '../nats/nats-access.ts'

const lookMs = 1000
/** Two files are not replaced in one moment. */
const unfitLooksMax = 5

/** Throws a Failure that says what is wrong with the files; undefined where none are named. */
export function endpointTls(
  {
    tlsCert: certFile,
    tlsKey: keyFile,
  }: { readonly tlsCert?: string | undefined; readonly tlsKey?: string | undefined },
  log?: Pick<Log, 'info' | 'error'>,
): FollowedCertificate | undefined {
  requirePair({ certFile, keyFile, of: '--tls' })
  if (certFile === undefined || keyFile === undefined) return undefined
  return new FollowedCertificate({ certFile, keyFile }, log)
}

export class FollowedCertificate implements PortCertificate {
  readonly files: CertificateFiles
  readonly #log: Pick<Log, 'info' | 'error'> | undefined
  readonly #listeners = new Set<() => void>()
  #read: { readonly cert: string; readonly key: string }
  #state: string
  #unfit = 0

  constructor(files: CertificateFiles, log?: Pick<Log, 'info' | 'error'>) {
    this.files = files
    this.#log = log
    this.#state = stateOf(files)
    this.#read = read(files)
    setInterval(() => this.look(), lookMs).unref()
  }

  get cert(): string {
    return this.#read.cert
  }

  get key(): string {
    return this.#read.key
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  /** What cannot be used changes nothing: the certificate that is known goes on, and the next look tries again. */
  look(): void {
    const { files } = this
    const state = stateOf(files)
    if (state === this.#state) return
    try {
      requirePair({ ...files, of: '--tls' })
      this.#read = read(files)
      for (const changed of this.#listeners) changed()
      this.#state = state
      this.#unfit = 0
      this.#log?.info('the certificate is read again: new connections are shown it', { path: files.certFile })
    } catch (error) {
      this.#unfit += 1
      if (this.#unfit === unfitLooksMax)
        this.#log?.error('the certificate is not read again: the one that is known goes on', {
          path: files.certFile,
          reason: messageOf(error),
        })
    }
  }
}

function read({ certFile, keyFile }: CertificateFiles): { readonly cert: string; readonly key: string } {
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
}

function stateOf({ certFile, keyFile, caFile }: CertificateFiles): string {
  return [certFile, keyFile, ...(caFile === undefined ? [] : [caFile])]
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false })
      return found === undefined ? 'none' : `${found.mtimeMs} ${found.size} ${found.ino}`
    })
    .join()
}
