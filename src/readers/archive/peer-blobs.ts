/** The blobs of another region, in parts that fit into a message. */
import { lentBytesMax } from '../../core/archive/archive-question.ts'
import type { BlobRange, Blobs } from '../../ports/blobs.ts'
import type { PeerArchives } from '../../ports/peer-archives.ts'

export class PeerBlobs implements Pick<Blobs, 'get' | 'list'> {
  readonly #archives: PeerArchives
  readonly #region: string

  constructor(archives: PeerArchives, region: string) {
    this.#archives = archives
    this.#region = region
  }

  async get(name: string, { from, to }: BlobRange = { from: 0, to: Infinity }): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    for (let at = from; at < to;) {
      const end = Math.min(to, at + lentBytesMax)
      const { bytes } = await this.#archives.ask(this.#region, { ask: 'blob', name, from: at, to: end })
      if (bytes === undefined) return undefined
      const part = Buffer.from(bytes, 'base64')
      parts.push(part)
      at += part.length
      if (part.length < lentBytesMax) break
    }
    return Buffer.concat(parts)
  }

  async list(prefix: string, after: string, countMax: number): Promise<readonly string[]> {
    const { names } = await this.#archives.ask(this.#region, { ask: 'names', prefix, after, countMax })
    return names
  }
}
