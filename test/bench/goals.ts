/** What is wanted of each, and better still. */
export const goals: Readonly<Record<string, readonly [number, number]>> = {
  'GetItem / F': [0.8, 1],
  'Query20 / F': [0.42, 0.55],
  'PutItem / F': [0.6, 0.75],
  'UpdateItem / F': [0.58, 0.7],
  'BatchWriteItem25 / F': [0.1, 0.14],
  'TransactWriteItems4 / F': [0.26, 0.34],
  'PutItem p50 at one connection / (LMDB commit + F)': [1.3, 1.1],
  'GetItem p99 / F p99': [1.3, 1.1],
  'PutItem replicating / alone': [0.85, 0.95],
  'PutItem with a stream / without': [0.85, 0.95],
  'records of 500-byte items with both images, a second': [50_000, 80_000],
  'a quiet table’s stream beside a busy table / alone': [0.9, 1],
  'GetItem with 2 workers / 1': [1.4, 1.4],
  'Query20 with 2 workers / 1': [1.8, 1.8],
  'GetItem of many / of 10,000 items': [0.85, 0.95],
  'PutItem of many / of 10,000 items': [0.5, 0.75],
}
