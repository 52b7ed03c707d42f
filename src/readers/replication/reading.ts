/** What a peer sends, read and held against who it is. Throws RangeError on what cannot be read or is another's. */
import { type Batch, decodeBatch } from '../../core/change/batch.ts'
import { type Announcement, decodeAnnouncement } from '../../core/change/control.ts'
import type { Region } from '../../core/topology.ts'

export function batchFrom(peer: Region, payload: Buffer): Batch {
  const batch = decodeBatch(payload)
  if (batch.origin === peer.name && batch.originNumber === peer.number) {
    if (batch.changes.length === 0) throw new RangeError('an empty message, as no region publishes')
    return batch
  }
  throw new RangeError(`changes of ${batch.origin}`)
}

export function announcementFrom(peer: Region, payload: Buffer): Announcement {
  const said = decodeAnnouncement(payload)
  if (said.region === peer.name && said.number === peer.number) return said
  throw new RangeError('another region')
}
