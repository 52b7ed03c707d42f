/** Each step of a long reading is a turn of its own. */
import type { Pace } from '../../../engine/pace.ts'

export async function* pacedSteps<Step>(pace: Pace, steps: AsyncGenerator<Step>): AsyncGenerator<Step> {
  try {
    for (;;) {
      const step = await pace.turn(() => steps.next())
      if (step.done === true) return
      yield step.value
    }
  } finally {
    await steps.return(undefined)
  }
}
