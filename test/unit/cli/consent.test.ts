import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { consentTo } from '../../../src/cli/commands/drill/consent.ts'

function terminal(answer: string) {
  const output = new PassThrough()
  const input = Object.assign(new PassThrough(), { isTTY: true })
  input.end(`${answer}\n`)
  return { input, output, asked: () => String(output.read()) }
}

test.each(['y', 'Yes'])('in a terminal %s goes on, after the question', async (answer) => {
  const asking = terminal(answer)
  await consentTo('the drill breaks shop', asking)
  expect(asking.asked()).toContain('the drill breaks shop. Go on? [y/N]')
})

test.each(['', 'n', 'yesterday'])('in a terminal "%s" does not', async (answer) => {
  await expect(consentTo('the drill breaks shop', terminal(answer))).rejects.toThrow('nothing was broken')
})

test('outside a terminal it is refused, with what to do', async () => {
  const asking = { input: new PassThrough(), output: new PassThrough() }
  await expect(consentTo('the drill breaks shop', asking)).rejects.toThrow(
    'the drill breaks shop: give --yes to let it, or --start for regions of its own',
  )
})
