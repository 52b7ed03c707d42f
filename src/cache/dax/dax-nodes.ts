/** The caches of a cluster, as clients are told where to reach them. */
import { isIPv4, isIPv6 } from 'node:net'
import { CborWriter } from '../../core/cbor/cbor-writer.ts'
import { endpointKey, leaderRole, replicaRole } from '../../core/dax/protocol.ts'

/** Where all of them are. */
export const zone = 'local'

export type DaxNode = {
  /** As clients connect to it: an IP address. */
  readonly address: string
  readonly port: number
}

/** The first takes the writes, as long as it is there. */
export function encodeNodes(nodes: readonly DaxNode[]): Buffer {
  const writer = new CborWriter().array(0).array(nodes.length)
  for (const [n, { address, port }] of nodes.entries())
    writer
      .map(Object.keys(endpointKey).length)
      .integer(endpointKey.node)
      .integer(n + 1)
      .integer(endpointKey.hostname)
      .text(address)
      .integer(endpointKey.address)
      .bytes(addressBytes(address))
      .integer(endpointKey.port)
      .integer(port)
      .integer(endpointKey.role)
      .integer(n === 0 ? leaderRole : replicaRole)
      .integer(endpointKey.zone)
      .text(zone)
      .integer(endpointKey.leaderSession)
      .integer(1)
  return writer.finish()
}

/** Four bytes, or sixteen. */
function addressBytes(address: string): Buffer {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
  if (isIPv4(mapped)) return Buffer.from(mapped.split('.').map(Number))
  if (!isIPv6(address)) throw new RangeError(`${address} is no IP address`)
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const words = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(':'))
  const [before, after] = [words(head), words(tail)]
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
  const bytes = Buffer.alloc(16)
  for (const [n, word] of all.entries()) bytes.writeUInt16BE(Number.parseInt(word, 16), 2 * n)
  return bytes
}
