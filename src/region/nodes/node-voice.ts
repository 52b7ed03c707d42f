/** What a node places in the order beside the entries of a term: who wants to lead, who leads no more, and up to where it has everything. */
import { nodeNoteMs, nodeRetryMsMax } from '../../core/limits/nodes-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { QuorumStream } from '../../ports/quorum.ts'
import { encodeNodeEntry, type NodeEntry } from './node-entry.ts'
import { placed } from './placed-entry.ts'

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

  /** Resolves with its place; undefined when it is not wanted any more. */
  append(entry: NodeEntry, isWanted: () => boolean): Promise<number | undefined> {
    const { run, clock, stream } = this.#options
    const id = `${run}.${entry.kind}.${++this.#ids}`
    return placed({ id, bytes: encodeNodeEntry(entry), stream, isWanted, clock, retryMsMax: nodeRetryMsMax })
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
