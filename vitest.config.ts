import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Rooms of long files, which begin first: one that began last would run alone while the other workers wait. */
const longRooms = ['test/simulation/', 'test/drills/', 'test/chaos/', 'test/cli/', 'test/upgrade/', 'test/replication/']

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => longRooms.some((room) => moduleId.includes(`/${room}`))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // A hang ends here; a slow machine does not.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongFirst },
    // What tests run is not found from a person's shell, nor the other way round.
    env: { XDG_STATE_HOME: join(tmpdir(), 'longitude-test-state') },
  },
})
