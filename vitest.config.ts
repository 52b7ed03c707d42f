import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Rooms whose tests start processes or simulate for long. */
const longRooms = ['attack', 'chaos', 'cli', 'drills', 'replication', 'simulation', 'upgrade']

/** Tests that put a limit of their own in the place of a module's, which must not be seen by other files. */
const ownModules = [
  'test/conformance/table-limit.test.ts',
  'test/unit/engine/feed.test.ts',
  'test/unit/readers/replication/send/log-visit.test.ts',
]
const longFiles = longRooms.map((room) => `test/${room}/**/*.test.ts`)

/** Long files begin first: one that began last would run alone while the other workers wait. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      longRooms.some((room) => moduleId.includes(`/test/${room}/`))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than the cores of a small machine: tests of processes wait more than they work.
    maxWorkers: 3,
    // A hang ends here; a slow machine does not.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    sequence: { sequencer: LongFirst },
    // What tests run is not found from a person's shell, nor the other way round.
    env: { XDG_STATE_HOME: join(tmpdir(), 'longitude-test-state') },
    projects: [
      { extends: true, test: { name: 'apart', include: [...longFiles, ...ownModules] } },
      // These share the modules that they import, which takes half of the time. What a file changes there, the next one sees.
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...longFiles, ...ownModules],
          isolate: false,
        },
      },
    ],
  },
})
