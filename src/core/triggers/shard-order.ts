/** Which shards a mapping reads first, and which follow those that it has read to their end: a shard is read once its parent is. */
import { type ChangeStream, type Generation, type Shard, shardsOf } from '../change-stream/change-stream.ts'
import type { Position } from '../change/change.ts'
import type { Mapping, ShardProgress, ShardRange } from './mapping.ts'

type Beginning = ReadonlyMap<ShardRange, ShardProgress>

/** Empty while the stream has no shard to begin with. */
export function firstShards(stream: ChangeStream, mapping: Mapping): Beginning {
  const { startingPosition, createdAfter, settings } = mapping
  const isOver = ({ upTo = Infinity }: Generation): boolean => upTo <= createdAfter
  const first = startingPosition === 'LATEST' ? stream.generations.find((each) => !isOver(each)) : stream.generations[0]
  const after = startingPosition === 'LATEST' ? createdAfter : 0
  return first === undefined ? new Map() : beginning(first, shardsIn(first), { after, lanes: settings.lanes })
}

/** Those that follow a shard; where the stream has forgotten its children too, the oldest that it has of the same keys. */
export function nextShards(stream: ChangeStream, ended: ShardRange, lanes: number): Beginning {
  const after = 0
  for (const generation of stream.generations) {
    const children = shardsIn(generation).filter(({ parentId }) => parentId === ended.id)
    if (children.length > 0) return beginning(generation, children, { after, lanes })
  }
  const [oldest] = stream.generations
  if (oldest === undefined || shardsIn(oldest).some(({ id }) => id <= ended.id)) return new Map()
  const isWithin = ({ slice }: Shard): boolean => Math.floor((slice * ended.slices) / oldest.slices) === ended.slice
  return beginning(oldest, shardsIn(oldest).filter(isWithin), { after, lanes })
}

const shardsIn = (generation: Generation): readonly Shard[] => shardsOf({ generations: [generation] })

type From = { readonly after: Position; readonly lanes: number }

function beginning({ slices }: Generation, shards: readonly Shard[], { after, lanes }: From): Beginning {
  return new Map(
    shards.map(({ id, slice, after: begins }) => {
      const lane = { after: Math.max(after, begins) }
      return [{ id, slice, slices }, { lanes: Array.from({ length: lanes }, () => lane) }]
    }),
  )
}

/** Lanes of another number begin where the slowest of those before was. */
export function inLanes({ lanes: known }: ShardProgress, lanes: number): ShardProgress {
  if (known.length === lanes) return { lanes: known }
  const after = known.reduce((least, lane) => Math.min(least, lane.after), Infinity)
  const lane = { after: Number.isFinite(after) ? after : 0 }
  return { lanes: Array.from({ length: lanes }, () => lane) }
}
