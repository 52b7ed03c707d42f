import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ask, type Asking, type Calls, NotHere } from '../../../src/deployment/control/control-calls.ts'
import { type Control, startControl } from '../../../src/deployment/control/call-server.ts'
import { Failure } from '../../../src/process/failure.ts'

const token = 'a-token-of-some-length'
const calls = {
  twice: {
    route: 'POST /twice',
    asked: z.strictObject({ number: z.number() }),
    told: z.object({ number: z.number() }),
  },
  alive: { route: 'GET /alive', asked: z.object({}), told: z.object({ status: z.string() }), isOpen: true },
} as const satisfies Calls

const closing: Control[] = []
afterEach(async () => {
  for (const control of closing.splice(0)) await control.close()
})

async function serving(twice: (asked: { readonly number: number }) => { readonly number: number }): Promise<Asking> {
  const control = await startControl({
    calls,
    handlers: { twice, alive: () => ({ status: 'ok' }) },
    listen: { host: '127.0.0.1', port: 0 },
    token,
    whose: 'the control of the test',
  })
  closing.push(control)
  return { url: `http://127.0.0.1:${control.port}`, token, timeoutMs: 5000, whom: 'the control of the test' }
}

const doubled = ({ number }: { readonly number: number }) => ({ number: 2 * number })

describe('calls of a control port', () => {
  test('are answered to whoever has the token, and open ones to everybody', async () => {
    const at = await serving(doubled)
    expect(await ask(calls.twice, { number: 21 }, at)).toEqual({ number: 42 })
    expect(await ask(calls.alive, {}, { ...at, token: undefined })).toEqual({ status: 'ok' })
    await expect(ask(calls.twice, { number: 21 }, { ...at, token: 'another' })).rejects.toThrow(/needs its token/)
  })

  test('what is asked wrongly is refused by name, and the handler is not reached', async () => {
    const reached: unknown[] = []
    const at = await serving((asked) => {
      reached.push(asked)
      return asked
    })
    const wrong = { number: 'many', more: 1 } as unknown as { number: number }
    await expect(ask(calls.twice, wrong, at)).rejects.toThrow('number must be a number; the body must not have more')
    const long = { number: 1, text: 'x'.repeat(70_000) }
    await expect(ask(calls.twice, long as { number: number }, at)).rejects.toThrow(/larger than 65536 bytes/)
    expect(reached).toEqual([])
  })

  test('a failure of the handler is told with its words, what is not here as NotHere', async () => {
    const at = await serving(({ number }) => {
      throw number === 0 ? new NotHere('no zero here') : new Failure('not today')
    })
    await expect(ask(calls.twice, { number: 0 }, at)).rejects.toThrow(NotHere)
    await expect(ask(calls.twice, { number: 1 }, at)).rejects.toThrow('not today')
    const other = { ...calls.twice, route: 'POST /thrice' } as const
    await expect(ask(other, { number: 1 }, at)).rejects.toThrow(new NotHere('no POST /thrice'))
  })

  test('an answer of another shape is not taken', async () => {
    const at = await serving(() => ({ number: 'many' }) as unknown as { number: number })
    await expect(ask(calls.twice, { number: 1 }, at)).rejects.toThrow(/something else than this version expects/)
  })
})
