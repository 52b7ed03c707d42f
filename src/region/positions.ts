/** Requests that want to be served after a write in another region: they wait until that region's log is applied here up to there. */
import { ServiceError, validationError } from '../core/errors.ts'
import { positionWaitMsMax, positionWaitsMax } from '../core/limits/wire-limits.ts'
import {
  afterHeader,
  placesIn,
  type PlaceInLog,
  positionText,
  waitMsIn,
  withinHeader,
} from '../core/wire/position-header.ts'
import type { Engine } from '../engine/engine.ts'
import type { OperationContext } from '../operations/operation.ts'
import type { LogPositions } from '../ports/log-positions.ts'
import type { Env } from '../ports/env.ts'
import type { Replication } from '../readers/replication/renewing.ts'

type Options = {
  readonly engine: Pick<Engine, 'region' | 'epoch' | 'flushed' | 'onFlushed'>
  readonly clock: Env['clock']
  readonly settings: Pick<OperationContext['settings'], 'regions'>
  readonly replication: Pick<Replication, 'appliedOf'>
}

type Asking = Parameters<LogPositions['reached']>[0]

export class Positions implements LogPositions {
  readonly #options: Options
  #waiting = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Where this region's log ends: everything that it has answered is at or before that. */
  readonly written = (): string => {
    const { region, epoch } = this.#options.engine
    return positionText({ region: region.name, epoch, position: this.#options.engine.flushed() })
  }

  /**
   * Undefined when all that the headers ask for is here. Otherwise resolves once it is; rejects with a ServiceError that SDKs try again. Throws for headers
   * that are wrong.
   */
  readonly reached = (headers: Asking): Promise<void> | undefined => {
    const { places, waitMs } = this.#asked(headers)
    if (this.#missing(places) === undefined) return undefined
    if (this.#waiting >= positionWaitsMax)
      throw new ServiceError(
        'ServiceUnavailable',
        `${this.#waiting} requests wait already for what other regions have written; the request was not executed.`,
      )
    return this.#wait(places, waitMs)
  }

  #asked(headers: Asking): { readonly places: readonly PlaceInLog[]; readonly waitMs: number } {
    const places = placesIn([headers[afterHeader]].flat().join(','))
    const waitMs = waitMsIn([headers[withinHeader]].flat()[0])
    if (places === undefined)
      throw validationError(`${afterHeader} is not as a region has told it in x-longitude-position.`)
    if (waitMs === undefined) throw validationError(`${withinHeader} is no time of at most ${positionWaitMsMax} ms.`)
    const unknown = places.find(({ region }) => !this.#options.settings.regions.includes(region))
    if (unknown !== undefined) throw validationError(`${afterHeader}: there is no region ${unknown.region} here.`)
    return { places, waitMs }
  }

  #wait(places: readonly PlaceInLog[], waitMs: number): Promise<void> {
    const { engine, clock } = this.#options
    this.#waiting++
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting--
        forget()
        cancel()
      }
      const forget = engine.onFlushed(() => {
        if (this.#missing(places) !== undefined) return
        end()
        resolve()
      })
      const cancel = clock.after(waitMs, () => {
        end()
        const place = this.#missing(places)
        if (place === undefined) resolve()
        else reject(this.#late(place, waitMs))
      })
    })
  }

  #missing(places: readonly PlaceInLog[]): PlaceInLog | undefined {
    return places.find(({ region, epoch, position }) => {
      const applied = this.#appliedOf(region)
      return applied === undefined || applied.epoch !== epoch || applied.position < position
    })
  }

  #appliedOf(region: string): { readonly epoch: string; readonly position: number } | undefined {
    const { engine, replication } = this.#options
    if (region === engine.region.name) return { epoch: engine.epoch, position: engine.flushed() }
    return replication.appliedOf(region)
  }

  #late({ region, epoch, position }: PlaceInLog, waitMs: number): ServiceError {
    const applied = this.#appliedOf(region)
    const stands =
      applied === undefined
        ? 'nothing of it is here'
        : applied.epoch === epoch
          ? `it is applied up to ${applied.position}`
          : `${region} has another log by now, ${applied.epoch}`
    return new ServiceError(
      'ServiceUnavailable',
      `${this.#options.engine.region.name} has not applied position ${position} of ${region} within ${waitMs} ms: ${stands}. The request was not executed; try again.`,
    )
  }
}
