/** What the fuzzer sends its requests to: a node and a cache in this process, or a region of several processes with a cache before it. */
import { join } from 'node:path'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import type { Edit, Entry, Range } from '../../src/ports/store.ts'
import { clientAt, prepareProgram, removeFolder, temporaryFolder, up } from '../cli/command-line.ts'
import { cachedRegion } from './cached-region.ts'

export type Fuzzed = {
  readonly endpoints: readonly string[]
  readonly region: DynamoDBClient
  /** Rows and edits that it has cost so far; zero where nobody counts. */
  readonly work: () => number
  /** What it has logged of faults. */
  readonly logged: () => readonly string[]
  readonly close: () => Promise<void>
}

class CountingStore extends MemoryStore {
  work = 0

  override get(key: Uint8Array): Buffer | undefined {
    this.work++
    return super.get(key)
  }

  override *entries(range: Range): Generator<Entry> {
    for (const entry of super.entries(range)) {
      this.work++
      yield entry
    }
  }

  override write(batch: readonly Edit[]): Promise<void> {
    this.work += batch.length
    return super.write(batch)
  }
}

export async function inThisProcess(): Promise<Fuzzed> {
  const store = new CountingStore()
  const cached = await cachedRegion({ store })
  return {
    endpoints: [cached.endpoint, cached.regionEndpoint],
    region: cached.region,
    work: () => store.work,
    // On a busy machine this process may stand still for longer than a cache waits for an answer.
    logged: () => cached.logged.filter((line) => !line.includes('the line to the log')),
    close: async () => await cached.close(),
  }
}

/** Whoever dies is started again by the one that started it, which logs that as an error. */
export async function withWorkers(count: number): Promise<Fuzzed> {
  prepareProgram()
  const folder = temporaryFolder()
  const options = ['--regions', 'us-east-1', '--workers', String(count), '--log-level', 'warn']
  const running = await up(join(folder, 'data'), ...options)
  const [first] = running.overview.regions
  const region = clientAt(first)
  return {
    endpoints: [first?.cache ?? '', first?.endpoint ?? ''],
    region,
    work: () => 0,
    logged: () =>
      running
        .errors()
        .split('\n')
        .filter((line) => /"level":"?(error|50|fatal|60)/.test(line)),
    close: async () => {
      region.destroy()
      running.supervisor.kill('SIGTERM')
      await running.ended
      removeFolder(folder)
    },
  }
}
