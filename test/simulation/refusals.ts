/**
 * Regions that refuse to answer at random moments, as one does that is overloaded, stops, or has just started: any question, some,
 * or only those for rows. What they refuse says nothing of what they have. Refusals have a random source of their own, so a
 * world without them is as it was.
 */
import { decodeRequest, encodeControl } from '../../src/core/change/control.ts'
import type { Answerer } from '../../src/ports/bus.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { signedBySender } from './signing.ts'
import type { World } from './world.ts'

type Refusing = { readonly chance: number; readonly kinds: readonly string[] }

const questions = ['hello', 'log', 'cursors', 'tables', 'registers', 'digest', 'rows'] as const
/** A region says that it is stopping, or has just started. */
const refusal = { say: 'refused', reason: 'this region does not answer now' } as const
const refusalsSeed = 0x2ef05a1

export class Refusals {
  static readonly world = 2
  static readonly sighting = { name: 'refuse questions', aim: 'a question for rows or for a part of a log is refused' }
  readonly #world: World
  readonly #random: SeededRandom
  readonly #everyMs: number
  readonly #lastMs: number
  readonly #refusing = new Map<string, Refusing>()
  /** Of every region, in every second such world: parts of logs and tables are refused now and then until the end of the load. */
  #always: Refusing | undefined

  constructor(world: World, seed: number, loadMs: number) {
    this.#world = world
    world.sightings.draw(Refusals.sighting.name)
    this.#random = new SeededRandom(seed ^ refusalsSeed)
    this.#everyMs = loadMs / this.#random.pick([4, 12])
    this.#lastMs = this.#random.pick([300, 2000, 8000])
    if (this.#random.chance(0.5)) this.#always = { chance: 0.2, kinds: ['log', 'rows'] }
  }

  static areIn(seed: number): boolean {
    return new SeededRandom(seed ^ (refusalsSeed + 1)).chance(0.25)
  }

  async run(untilMs: number): Promise<void> {
    const { scheduler, regions, story } = this.#world
    const random = this.#random
    while (scheduler.nowMs < untilMs) {
      const { name } = random.pick(regions)
      const refusing = {
        chance: random.pick([0.2, 0.5, 1]),
        kinds: random.pick([questions, ['rows'], ['log', 'rows']]),
      }
      story.tell('world', Refusals.sighting.name, { region: name, ...refusing })
      this.#refusing.set(name, refusing)
      await scheduler.sleep(random.between(0, this.#lastMs))
      this.#refusing.delete(name)
      await scheduler.sleep(this.#everyMs * random.fraction())
    }
  }

  end(): void {
    this.#refusing.clear()
    this.#always = undefined
  }

  /** What a region answers with, in the place of its own handler. */
  answerer(region: string, handler: Answerer): Answerer {
    return (payload, asker) =>
      this.#refuses(region, payload)
        ? Promise.resolve(
            signedBySender(this.#world.keys, encodeControl(refusal), { from: region, to: asker, question: payload }),
          )
        : handler(payload, asker)
  }

  #refuses(region: string, payload: Buffer): boolean {
    const refusing = this.#refusing.get(region) ?? this.#always
    if (refusing === undefined) return false
    const kind = kindOfQuestion(payload)
    if (kind === undefined || !refusing.kinds.includes(kind) || !this.#random.chance(refusing.chance)) return false
    if (kind === 'rows' || kind === 'log') this.#world.sightings.meet(Refusals.sighting.name)
    return true
  }
}

/** Undefined for what is told and expects no answer, and for what cannot be read. */
function kindOfQuestion(payload: Buffer): string | undefined {
  try {
    const { say } = decodeRequest(payload)
    return say === 'confirm' || say === 'pulse' ? undefined : say
  } catch {
    return undefined
  }
}
