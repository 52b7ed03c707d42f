/** The numbers of DAX's binary protocol, as Amazon's clients send and read them. */

/** Of a method, its number and how many values follow it. */
export const methods = {
  authorizeConnection: { id: 1489122155, values: 5 },
  defineAttributeList: { id: 670678385, values: 1 },
  defineAttributeListId: { id: -1230579644, values: 1 },
  defineKeySchema: { id: -742646399, values: 1 },
  endpoints: { id: 455855874, values: 0 },
  methods: { id: 785068263, values: 0 },
  services: { id: -1016793520, values: 0 },
  getItem: { id: 263244906, values: 3 },
  putItem: { id: -2106490455, values: 4 },
  updateItem: { id: 1425579023, values: 3 },
  deleteItem: { id: 1013539361, values: 3 },
  query: { id: -931250863, values: 3 },
  scan: { id: -1875390620, values: 2 },
  batchGetItem: { id: -697851100, values: 2 },
  batchWriteItem: { id: 116217951, values: 2 },
  transactGetItems: { id: 1866287579, values: 4 },
  transactWriteItems: { id: -1160037738, values: 9 },
} as const

export type MethodName = keyof typeof methods

export const methodsById: ReadonlyMap<number, MethodName> = new Map(
  Object.entries(methods).map(([name, { id }]) => [id, name as MethodName]),
)

export const serviceId = 1
/** What a client sends first. */
export const magic = 'J7yne5G'
/** Values of a client's greeting: the magic, the layering, its session, its headers and its mode. */
export const greetingValues = 5
/** The layering of a client that wants each answer behind a head of eight bytes, as version 2 of the Java client does: its length with the head, and a flag that it is the last part. */
export const framedLayering = 1
export const answerHeadBytes = 8

/** The keys of a request's options. */
export const option = {
  projection: 0,
  attributeNames: 1,
  consistentRead: 2,
  consumedCapacity: 3,
  condition: 4,
  attributeValues: 5,
  itemCollectionMetrics: 6,
  returnValues: 7,
  update: 8,
  exclusiveStartKey: 9,
  filter: 10,
  indexName: 11,
  limit: 13,
  scanIndexForward: 14,
  select: 15,
  segment: 16,
  totalSegments: 17,
  clientRequestToken: 19,
} as const

/** The values of options, by their numbers. */
export const consumedCapacities = ['NONE', 'TOTAL', 'INDEXES'] as const
export const collectionMetrics = ['NONE', 'SIZE'] as const
export const returnValues = [undefined, 'NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'] as const
export const selects = [
  undefined,
  'ALL_ATTRIBUTES',
  'ALL_PROJECTED_ATTRIBUTES',
  'COUNT',
  'SPECIFIC_ATTRIBUTES',
] as const
export const failureValues = [undefined, 'NONE', 'ALL_OLD'] as const

/** The kinds of a transaction's writes. */
export const transactKinds: ReadonlyMap<number, 'Put' | 'Delete' | 'Update' | 'ConditionCheck'> = new Map([
  [2, 'Put'],
  [7, 'Delete'],
  [9, 'Update'],
  [12, 'ConditionCheck'],
])

/** The keys of an answer. */
export const result = {
  item: 0,
  consumedCapacity: 1,
  attributes: 2,
  itemCollectionMetrics: 3,
  items: 7,
  count: 8,
  lastEvaluatedKey: 9,
  scannedCount: 10,
} as const

/** The keys of what a transaction has consumed. */
export const capacity = {
  units: 1,
  readUnits: 2,
  writeUnits: 3,
  tableName: 4,
  table: 5,
  globalIndexes: 6,
  localIndexes: 7,
} as const

/** The keys of an endpoint. */
export const endpointKey = {
  node: 0,
  hostname: 1,
  address: 2,
  port: 3,
  role: 4,
  zone: 5,
  leaderSession: 6,
} as const
export const leaderRole = 1
export const replicaRole = 2

export const tags = { stringSet: 3321, numberSet: 3322, binarySet: 3323, ordinal: 3324, decimal: 4 } as const

/** The list of no names is known to every client. */
export const emptyListId = 1
