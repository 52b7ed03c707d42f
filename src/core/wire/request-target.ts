/** Which operation a request is for. Two services answer at one port; no operation of one is called like one of the other. */
import { operationNames, streamOperationNames } from './model/shapes.ts'

const prefixes = [
  ['DynamoDB_20120810.', operationNames],
  ['DynamoDBStreams_20120810.', streamOperationNames],
] as const

const operations = new Map<unknown, string>()
const targets = new Map<string, string>()
for (const [prefix, names] of prefixes)
  for (const name of names) {
    operations.set(`${prefix}${name}`, name)
    targets.set(name, `${prefix}${name}`)
  }

/** Undefined for a header that names no operation. */
export const operationOf = (target: unknown): string | undefined => operations.get(target)

/** The header of a request for the operation. */
export const targetOf = (operation: string): string => targets.get(operation) ?? operation
