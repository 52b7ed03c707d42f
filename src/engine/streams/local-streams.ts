/** The change streams of a region's own engine, as readers and operations see them: what is durable. */
import type { ChangeStream } from '../../core/change-stream/change-stream.ts'
import type { Position } from '../../core/change/change.ts'
import type { Turns } from '../../core/turns.ts'
import type { Commands } from '../commands/commands.ts'
import type { ChangeStreams } from '../engine.ts'
import type { Retention } from '../log/hold.ts'
import type { State } from '../state.ts'
import type { StreamPage, StreamPart, VisitStreamRecord } from './stream-part.ts'
import { readStream } from './stream-reader.ts'
import { expireStreams } from './stream-upkeep.ts'

type Deps = {
  readonly state: State
  readonly commands: Pick<Commands, 'submit'>
  readonly retention: Pick<Retention, 'beforeTime'>
}

export class LocalStreams implements ChangeStreams {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  all(): readonly ChangeStream[] {
    return this.#deps.state.streams.durable
  }

  read(part: StreamPart, visit: VisitStreamRecord): Turns<StreamPage> {
    const { state } = this.#deps
    return state.damage.notingTurns(readStream(state, part, visit))
  }

  before(ms: number): Position {
    return this.#deps.retention.beforeTime(ms)
  }

  roll(stream: number): Promise<void> {
    return this.#deps.commands.submit({ kind: 'roll', stream })
  }

  expire(upTo: Position): Promise<void> {
    return expireStreams(this.#deps.state, upTo)
  }
}
