/** `--node-at` names nodes one by one or with commas, in a flag, in a variable or in a file. */
import { expect, test } from 'vitest'
import { nodesOptions } from '../../../src/cli/options/nodes.ts'

const nodes = ['a', 'b', 'c'].map((node, index) => ({ node, host: '127.0.0.1', port: index + 1 }))

test.each([
  ['with commas', 'a=127.0.0.1:1,b=127.0.0.1:2,c=127.0.0.1:3'],
  ['with spaces', 'a=127.0.0.1:1 b=127.0.0.1:2 c=127.0.0.1:3'],
  ['one by one', ['a=127.0.0.1:1', 'b=127.0.0.1:2', 'c=127.0.0.1:3']],
  ['as an object', { a: '127.0.0.1:1', b: '127.0.0.1:2', c: '127.0.0.1:3' }],
  ['with commas in what is taken for an object', { a: '127.0.0.1:1,b=127.0.0.1:2,c=127.0.0.1:3' }],
])('nodes are named %s', (_, given) => {
  expect(nodesOptions.nodeAt.schema.parse(given)).toEqual(nodes)
})

test.each(['a', 'a=127.0.0.1', 'A=127.0.0.1:1', 'a=127.0.0.1:0', 'a=127.0.0.1:65536'])('%s is refused', (given) => {
  expect(nodesOptions.nodeAt.schema.safeParse(given).success).toBe(false)
})
