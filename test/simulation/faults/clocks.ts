/** Hardware clocks that are wrong. */
import type { World } from '../world.ts'
import type { Fault } from './fault.ts'

const correct = ({ regions }: World): void => {
  for (const { clock } of regions) clock.correct()
}

export const stepClock: Fault = {
  name: 'step clock',
  world: 1,
  weight: 1,
  aim: 'to before what the region has stamped already',
  inject: ({ region, random, clockErrorMs, meetWhen }) => {
    region.clock.step(random.between(-clockErrorMs, clockErrorMs))
    meetWhen(() => region.engine !== undefined && region.clock.peekMs() < region.engine.clock().wallMs)
  },
  heal: correct,
}

const errorMsMin = 50

export const driftClock: Fault = {
  name: 'drift clock',
  world: 1,
  weight: 1,
  aim: `until it is wrong by ${errorMsMin} ms`,
  inject: ({ region, random, meetWhen }) => {
    region.clock.drift(random.between(-20_000, 20_000))
    const errorMs = region.clock.errorMs()
    meetWhen(() => region.clock.rate !== 1 && Math.abs(region.clock.errorMs() - errorMs) >= errorMsMin)
  },
  heal: correct,
}
