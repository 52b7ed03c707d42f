/** A store says whose it is; one whose identity was damaged says so instead of naming another region. */
import { expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { DamagedRecord } from '../../../src/engine/store/damaged-record.ts'
import { ForeignStore } from '../../../src/engine/store/identity.ts'
import { identityKey } from '../../../src/engine/store/keys.ts'
import { asFormat2 } from './format-2.ts'
import { openRegion, regionNames } from './region.ts'

const [us, eu] = regionNames

const identityIn = (store: MemoryStore): Buffer => Buffer.from(store.get(identityKey) ?? '')

async function opened(region: (typeof regionNames)[number]): Promise<MemoryStore> {
  const store = new MemoryStore()
  await (await openRegion(region, store)).engine.close()
  return store
}

it('each flipped bit is damage, or changes nothing', async () => {
  const whole = identityIn(await opened(us))
  const { epoch } = JSON.parse(String(whole)) as { epoch: string }
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = Buffer.from(whole)
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const store = new MemoryStore()
    await store.write([{ key: identityKey, value: bytes }])
    const outcome = await openRegion(us, store).then(
      async ({ engine }) => {
        await engine.close()
        return engine.epoch
      },
      (error: unknown) => error,
    )
    const isHarmless = outcome === epoch
    const isDamage = outcome instanceof DamagedRecord
    expect(isHarmless || isDamage, `bit ${bit}: ${bytes.toString('latin1')}: ${String(outcome)}`).toBe(true)
  }
})

it('the store of another region is that, and no damage', async () => {
  const store = await opened(eu)
  await expect(openRegion(us, store)).rejects.toThrow(ForeignStore)
})

it('a store of an earlier version has no check, and is given one', async () => {
  const store = await opened(us)
  const { check, whole, ...now } = JSON.parse(String(identityIn(store))) as Record<string, unknown>
  await asFormat2(store)
  await store.write([{ key: identityKey, value: Buffer.from(JSON.stringify({ ...now, format: 2 })) }])
  await (await openRegion(us, store)).engine.close()
  expect(JSON.parse(String(identityIn(store)))).toEqual({ ...now, check, whole })
})
