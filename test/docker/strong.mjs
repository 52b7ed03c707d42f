/** A table with strong consistency between the three regions of Compose: its quorum servers start by themselves, and one region may be lost. */
import assert from 'node:assert/strict'
import { until } from './deployment.mjs'

const registers = 'Registers'
const Key = { id: { S: 'one' } }

/** `break` and `mend` are told a region; `cut` and `heal` are about its links. */
export async function strongTable({ regions, clients, servers, breaking }) {
  for (const server of servers) assert.equal(server.isServing(), false, `${server.name} runs before it is wanted`)
  const [first, second, third] = regions
  await createStrong({ clients, regions, TableName: registers })
  for (const server of servers) await until(`${server.name} serves`, server.isServing)
  for (const region of regions) await add(clients[region])
  for (const region of regions) assert.equal(await count(clients[region]), regions.length, region)
  breaking.kill(third)
  for (const region of [first, second])
    await until(`${region} goes on`, async () => await succeeds(add(clients[region])))
  assert.ok((await count(clients[first])) >= regions.length + 2)
  breaking.start(third)
  await until(`${third} has caught up`, async () => await succeeds(count(clients[third])))
  assert.equal(await count(clients[third]), await count(clients[second]))
  await breaking.cut(first)
  await assert.rejects(add(clients[first]), { name: 'InternalServerError' })
  const { Item } = await clients[first].getItem({ TableName: registers, Key })
  assert.ok(Item !== undefined, 'reads that may be stale are answered')
  await until(`${second} goes on`, async () => await succeeds(add(clients[second])))
  await breaking.heal()
  await until(`${first} writes again`, async () => await succeeds(add(clients[first])))
  assert.equal(await count(clients[first]), await count(clients[second]))
}

/** Resolves once it is ACTIVE in each region. */
export async function createStrong({ clients, regions: [first, ...others], TableName }) {
  await clients[first].createTable({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  })
  await isActive(clients[first], TableName)
  const ReplicaUpdates = others.map((RegionName) => ({ Create: { RegionName } }))
  await clients[first].updateTable({ TableName, ReplicaUpdates, MultiRegionConsistency: 'STRONG' })
  for (const region of [first, ...others]) await isActive(clients[region], TableName)
}

async function isActive(client, TableName) {
  await until('the table with strong consistency is ACTIVE', async () => {
    const { Table } = await client.describeTable({ TableName }).catch(() => ({}))
    return Table?.TableStatus === 'ACTIVE' && (Table.Replicas ?? []).every((one) => one.ReplicaStatus === 'ACTIVE')
  })
}

/** A write without an answer may count; one that is refused as a conflict does not, and the client sends it again. */
async function add(client) {
  const ExpressionAttributeValues = { ':one': { N: '1' } }
  await client.updateItem({ TableName: registers, Key, UpdateExpression: 'ADD n :one', ExpressionAttributeValues })
}

async function count(client) {
  const { Item } = await client.getItem({ TableName: registers, Key, ConsistentRead: true })
  return Number(Item?.n?.N)
}

async function succeeds(promise) {
  return await promise.then(
    () => true,
    () => false,
  )
}
