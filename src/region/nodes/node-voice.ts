/** What a node places in the order beside the entries of a term: who wants to lead, who leads no more, and up to where it has everything. */
import { BackOff } from '../../core/back-off.ts'
import { nodeNoteMs, nodeRetryMsMax, nodeRetryMsMin } from '../../core/nodes-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { QuorumStream } from '../../ports/quorum.ts'
import { encodeNodeEntry, type NodeEntry } from './node-entry.ts'

export type NodeVoiceOptions = {
  readonly run: string
  readonly node: string
  readonly clock: Clock
  /** Undefined: nothing is placed any more. */
  readonly stream: () => QuorumStream | undefined
}

export class NodeVoice {
  readonly #options: NodeVoiceOptions
  #ids = 0
  #noted = -1
  #notedMs = 0

  constructor(options: NodeVoiceOptions) {
    this.#options = options
  }

  /** Under one name until it has a place, which it returns; undefined when it is not wanted any more. */
  async append(entry: NodeEntry, isWanted: () => boolean): Promise<number | undefined> {
    const { run, clock, stream } = this.#options
    const id = `${run}.${entry.kind}.${++this.#ids}`
    const bytes = encodeNodeEntry(entry)
    const backOff = new BackOff(nodeRetryMsMin, nodeRetryMsMax)
    for (let open = stream(); open !== undefined && isWanted(); open = stream())
      try {
        return await open.append(id, bytes)
      } catch {
        await clock.sleep(backOff.next())
      }
    return undefined
  }

  /** The entry up to which this node has everything on its disk; not sooner than some time after the last note. */
  noteNowAndThen(durable: number): void {
    const isDue = this.#options.clock.monotonicMs() >= this.#notedMs + nodeNoteMs
    if (isDue && durable !== this.#noted) void this.note(durable)
  }

  /** Resolves when the stream has placed something. */
  probe(isWanted: () => boolean): Promise<number | undefined> {
    return this.append({ kind: 'note', node: this.#options.node, durable: Math.max(0, this.#noted) }, isWanted)
  }

  note(durable: number): Promise<number | undefined> {
    this.#noted = durable
    this.#notedMs = this.#options.clock.monotonicMs()
    return this.append({ kind: 'note', node: this.#options.node, durable }, () => this.#noted === durable)
  }
}
