/** What `longitude up --nodes 3` refuses, with what to do instead. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { refuseOtherStores, refuseWithNodes } from '../../../src/cli/commands/run/up-nodes.ts'
import { layOut } from '../../../src/deployment/layout.ts'
import { readRegions } from '../../../src/deployment/regions.ts'

let data: string

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'longitude-up-nodes-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const plain = { nodes: 3, host: '127.0.0.1', workers: 1 }
const layoutOf = (nodes: number) => {
  const place = { regions: ['us-east-1'], basePort: 8000, data, host: '127.0.0.1' }
  return layOut({ ...place, latency: false, cache: false, nodes }, readRegions())
}

it.each([
  [{ host: '0.0.0.0' }, '--host'],
  [{ workers: 2 }, '--workers'],
])('%j does not go together with several nodes', (more, named) => {
  expect(() => refuseWithNodes({ ...plain, ...more })).toThrow(named)
  expect(() => refuseWithNodes({ ...plain, ...more, nodes: 1 })).not.toThrow()
})

it('the store of a region of one node is not taken for that of three, nor the other way round', () => {
  for (const nodes of [1, 3]) expect(() => refuseOtherStores(layoutOf(nodes))).not.toThrow()
  mkdirSync(join(data, 'us-east-1', 'store'), { recursive: true })
  expect(() => refuseOtherStores(layoutOf(1))).not.toThrow()
  expect(() => refuseOtherStores(layoutOf(3))).toThrow('as a region of one node: start it with --nodes 1')
  rmSync(join(data, 'us-east-1'), { recursive: true })
  mkdirSync(join(data, 'us-east-1', 'b', 'store'), { recursive: true })
  expect(() => refuseOtherStores(layoutOf(3))).not.toThrow()
  expect(() => refuseOtherStores(layoutOf(1))).toThrow('as a region of several nodes: start it with --nodes 3')
})
