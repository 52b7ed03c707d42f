/** Asks the person at the terminal before something that runs is broken. */
import { createInterface } from 'node:readline/promises'
import { Failure } from '../../../process/failure.ts'

/** Throws a Failure unless the answer is yes; outside a terminal it cannot be asked for. */
export async function consentTo(
  what: string,
  { input = process.stdin, output = process.stderr }: Asking = {},
): Promise<void> {
  if (input.isTTY !== true) throw new Failure(`${what}: give --yes to let it, or --start for regions of its own`)
  const reader = createInterface({ input, output })
  try {
    const answer = await reader.question(`${what}. Go on? [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('nothing was broken')
  } finally {
    reader.close()
  }
}

type Asking = {
  readonly input?: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output?: NodeJS.WritableStream
}
