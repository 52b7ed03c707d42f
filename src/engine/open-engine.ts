/** Opens a region's engine on its store: makes sure that it is this region's, of this version, and whole in what every start reads. */
import { decodeEntry } from '../core/change/record.ts'
import type { Env } from '../ports/env.ts'
import type { Store } from '../ports/store.ts'
import type { EngineOptions } from './assemble.ts'
import { checkOwnRecords } from './store/content.ts'
import { DamagedRecord } from './store/damaged-record.ts'
import type { Engine } from './engine.ts'
import { openIdentity } from './store/identity.ts'
import { damagedLogKey } from './store/keys.ts'
import { LocalEngine } from './local-engine.ts'
import { unsealed } from './store/sealed-store.ts'

export type { EngineOptions }

export async function openEngine(env: Env, options: EngineOptions): Promise<Engine> {
  const epoch = await openIdentity(env, options.topology.self, options.onProgress)
  for (const _ of checkOwnRecords(env.store)) await env.clock.sleep(0)
  await env.clock.sleep(0)
  await checkDamagedLog(env.store)
  const engine = new LocalEngine(env, options, epoch)
  const loading = engine.load()
  while (loading.next().done !== true) await env.clock.sleep(0)
  await engine.begin(options.startsFrom)
  return engine
}

/** An entry that was found damaged while the engine ran. It may have been trimmed since; if it is there, and still damaged, the log has a gap. */
async function checkDamagedLog(store: Store): Promise<void> {
  const noted = store.get(damagedLogKey)
  if (noted === undefined) return
  const key = unsealed(damagedLogKey, noted)
  const entry = store.get(key)
  if (entry !== undefined) DamagedRecord.unless(key, () => decodeEntry(entry))
  await store.write([{ key: damagedLogKey, value: undefined }])
}
