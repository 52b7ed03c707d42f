import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What tests run is not found from a person's shell, nor the other way round.
    env: { XDG_STATE_HOME: join(tmpdir(), 'longitude-test-state') },
  },
})
