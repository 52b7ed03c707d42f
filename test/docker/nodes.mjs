/**
 * deploy/compose.nodes.yaml in earnest, wherever a Docker engine answers: three regions of three nodes. While clients write through the balancers, nodes are killed with their
 * servers, lose their disks, and get other secrets. Every acknowledged write must be there afterwards, and how long writes stood still is printed.
 *
 *   npm run test:docker-nodes
 *   npm run test:docker-nodes -- --file more.yaml     with another file for Compose
 *   npm run test:docker-nodes -- --no-build           the image `longitude` as it is
 *   npm run test:docker-nodes -- --only start,table,leader    some of the steps, in their order (`start` and `table` make what the others need)
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parse } from 'yaml'
import { prepare } from '../../src/cli/prepare.mjs'
import { deploymentOf, docker, statusOf, until } from './deployment.mjs'
import { Ledger, missingIn } from './ledger.mjs'
import { createStrong, strongTable } from './strong.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1']
const [virginia, ireland, tokyo] = regions
const nodes = ['a', 'b', 'c']
const ordersName = 'Orders'
const strongName = 'Seats'
const writersOf = { [virginia]: 3, [ireland]: 1 }
/** After a loss and after what ends it, writes go on for that long. */
const goOnMs = 8000

const { values: asked } = parseArgs({
  options: {
    file: { type: 'string', multiple: true, default: [] },
    only: { type: 'string' },
    'no-build': { type: 'boolean' },
  },
})
const file = 'deploy/compose.nodes.yaml'
const folder = mkdtempSync(join(tmpdir(), 'longitude-docker-nodes-'))
const deployment = await deploymentOf({ root, files: [file, withRareChecks(), ...asked.file] })
const { run, output, endpoint, linksCommand } = deployment
prepare({ root, log: console.log })
const { DynamoDB } = await import('@aws-sdk/client-dynamodb')
const clients = Object.fromEntries(regions.map((region) => [region, client(region)]))

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    deployment.down()
    process.exit(1)
  })

const steps = {
  start: ['three regions of three nodes are built and start', start],
  table: ['a global table is made in one region', createTable],
  walls: ['the nodes of a region reach each other, and no part of another region', walls],
  leader: ['the leading node is killed with its servers', async () => await loseNode(leadingIn(virginia))],
  follower: ['a node that follows is killed with its servers', async () => await loseNode(followingIn(virginia))],
  disk: ['the leading node and its servers lose their disks', loseDisks],
  rotate: ['every secret is rotated', rotate],
  strong: ['a table with strong consistency survives the loss of a region', strong],
  strongLeader: [
    'the leading node is killed with its servers, under writes of a table with strong consistency',
    strongLeader,
  ],
  strongRotate: ['every secret is rotated, under writes of a table with strong consistency', strongRotate],
  restart: ['everything is taken down and comes up with its data', restart],
}

let passed = false
/** All that was acknowledged, by table, with the region that acknowledged it. */
const acknowledged = { [ordersName]: new Map(), [strongName]: new Map() }
try {
  const chosen = asked.only?.split(',') ?? Object.keys(steps)
  for (const [name, [title, act]] of Object.entries(steps)) if (chosen.includes(name)) await step(title, act)
  passed = true
} catch (error) {
  console.error(error)
  deployment.logs()
}
passed = deployment.down() && passed
rmSync(folder, { recursive: true })
console.log(passed ? 'passed' : 'FAILED')
process.exit(passed ? 0 : 1)

/** The checks of some forty containers, each a program every ten seconds, would keep a small machine busy. This script asks the nodes itself. `secrets` has none. */
function withRareChecks() {
  const { services } = parse(readFileSync(join(root, file), 'utf8'), { merge: true })
  const path = join(folder, 'rare-checks.json')
  const rare = Object.keys(services)
    .filter((name) => name !== 'secrets')
    .map((name) => [name, { healthcheck: { interval: '24h' } }])
  writeFileSync(path, JSON.stringify({ services: Object.fromEntries(rare) }))
  return path
}

async function start() {
  const services = [...regions, ...regions.map((region) => `quorum-${region}`)]
  run('up', '--detach', ...(asked['no-build'] === true ? [] : ['--build']), ...services)
  for (const region of regions) await allReady(region)
}

async function createTable() {
  await create(ordersName)
  for (const RegionName of [ireland, tokyo]) {
    await clients[virginia].updateTable({ TableName: ordersName, ReplicaUpdates: [{ Create: { RegionName } }] })
    await until(`the replica in ${RegionName} is ACTIVE`, async () => {
      const { Table } = await clients[virginia].describeTable({ TableName: ordersName })
      const replica = Table.Replicas?.find((each) => each.RegionName === RegionName)
      return Table.TableStatus === 'ACTIVE' && replica?.ReplicaStatus === 'ACTIVE'
    })
  }
}

async function walls() {
  const others = regions.filter((region) => region !== virginia)
  const parts = (region) => nodes.flatMap((node) => serversOf(`${region}-${node}`))
  const aims = others.flatMap((region) => [region, `quorum-${region}`, ...parts(region)])
  const theirs = aims.flatMap((host) => [4222, 6222, 7000, 8000].map((port) => `${host}:${port}`))
  const own = [`${virginia}-b:7000`, `nats-${virginia}-b:4222`, 'links:8199']
  assert.deepEqual(deployment.reachable(`${virginia}-a`, [...own, ...theirs]), own)
}

async function loseNode(name) {
  await underWrites(ordersName, async () => {
    docker('kill', ...containersOf(serversOf(name)))
    await sleep(goOnMs)
    run('start', ...serversOf(name))
    await allReady(virginia)
  })
}

async function loseDisks() {
  const name = leadingIn(virginia)
  await underWrites(ordersName, async () => {
    const [node, nats, quorum] = serversOf(name)
    docker('kill', ...containersOf(serversOf(name)))
    run('rm', '--stop', '--force', node, nats)
    for (const service of [node, nats]) docker('volume', 'rm', volumeOf(service))
    // The volume of a quorum server has its configuration too.
    const wipe = ['--entrypoint', 'sh', 'longitude', '-c', 'rm -rf /data/jetstream']
    docker('run', '--rm', '--volume', `${volumeOf(quorum)}:/data`, ...wipe)
    await sleep(goOnMs)
    run('up', '--detach', node, nats, quorum)
    await allReady(virginia)
  })
}

function volumeOf(service) {
  return `${deployment.project}_${service}`
}

async function rotate() {
  await underWrites(ordersName, async () => await newSecrets())
}

async function newSecrets() {
  const secretsOf = () => regions.map((region) => output('exec', '-T', `${region}-a`, 'cat', '/run/nodes/node-secret'))
  const before = secretsOf()
  run('run', '--rm', 'secrets', 'secrets', '--rotate')
  for (const [n, secret] of secretsOf().entries()) assert.notEqual(secret.split('\n')[0], before[n].split('\n')[0])
  await sleep(goOnMs)
  // A node that starts now shows the new ones.
  const name = followingIn(virginia)
  run('restart', name)
  for (const region of regions) await allReady(region)
}

async function strong() {
  const servers = regions.map((region) => ({
    name: `quorum-${region}`,
    isServing: () => isServing(`quorum-${region}`),
  }))
  const all = (region) => [...nodes.flatMap((node) => serversOf(`${region}-${node}`)), region, `quorum-${region}`]
  const breaking = {
    kill: (region) => run('kill', ...all(region)),
    start: (region) => run('start', ...all(region)),
    cut: (region) => linksCommand('set', `${region}..all`, '--down', '--owner', 'test'),
    heal: () => linksCommand('heal'),
  }
  await strongTable({ regions, clients, servers, breaking })
  for (const region of regions) await allReady(region)
}

async function strongLeader() {
  await createStrong({ clients, regions, TableName: strongName })
  const name = leadingIn(virginia)
  await underWrites(strongName, async () => {
    docker('kill', ...containersOf(serversOf(name)))
    await sleep(goOnMs)
    run('start', ...serversOf(name))
    await allReady(virginia)
  })
}

async function strongRotate() {
  await underWrites(strongName, async () => await newSecrets())
}

async function restart() {
  run('down')
  await start()
  await nothingIsMissing(ordersName)
  if (acknowledged[strongName].size > 0) await nothingIsMissing(strongName)
}

/** Clients write in two regions while `act` breaks something; then all that was ever acknowledged must be in every region. */
async function underWrites(table, act) {
  const over = new AbortController()
  const ledgers = Object.entries(writersOf).flatMap(([region, count]) =>
    Array.from({ length: count }, () => new Ledger({ region, client: clients[region], TableName: table })),
  )
  const running = ledgers.map((ledger) => ledger.run(over.signal))
  try {
    await until('every client writes', () => ledgers.every((ledger) => ledger.acknowledged.length > 0))
    for (const ledger of ledgers) ledger.mark()
    await act()
    await sleep(goOnMs)
  } finally {
    over.abort()
    await Promise.all(running)
  }
  for (const region of Object.keys(writersOf)) {
    const own = ledgers.filter((ledger) => ledger.region === region)
    for (const id of own.flatMap((ledger) => ledger.acknowledged)) acknowledged[table].set(id, region)
    const longestMs = Math.max(...own.map((ledger) => ledger.longestMs))
    const count = own.reduce((sum, ledger) => sum + ledger.acknowledged.length, 0)
    const errors = own.flatMap((ledger) => ledger.errors)
    console.log(
      `    ${region}: ${count} writes acknowledged, ${errors.length} failed, still for ${longestMs} ms at most`,
    )
    for (const [text, times] of counted(errors)) console.log(`      ${times} times: ${text}`)
  }
  await nothingIsMissing(table)
}

/** A region has now what it has acknowledged itself, and of a table with strong consistency everything; the rest once it has travelled. */
async function nothingIsMissing(TableName) {
  const ids = [...acknowledged[TableName].keys()]
  for (const region of regions) {
    const here = ids.filter((id) => TableName === strongName || acknowledged[TableName].get(id) === region)
    assert.deepEqual(await missingIn({ client: clients[region], TableName, ids: here }), [], region)
    let missing = ids
    await until(`all acknowledged writes are in ${region}`, async () => {
      missing = await missingIn({ client: clients[region], TableName, ids: missing })
      return missing.length === 0
    })
  }
  console.log(`    0 of ${ids.length} acknowledged writes are missing, in each region`)
}

function counted(texts) {
  const counts = new Map()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return counts
}

/** A node with the servers that would be lost with its machine. */
function serversOf(name) {
  return [name, `nats-${name}`, `quorum-${name}`]
}

function containersOf(services) {
  return services.map((service) => output('ps', '--quiet', service).trim())
}

/** Any node that runs knows who leads. */
function leadingIn(region) {
  const headers = JSON.stringify({ authorization: `Bearer ${deployment.token}` })
  const ask = `fetch('http://127.0.0.1:8000/admin/node', { headers: ${headers} }).then((answer) => answer.text()).then(console.log)`
  for (const node of nodes) {
    const { leader } = JSON.parse(output('exec', '-T', `${region}-${node}`, 'node', '--eval', ask))
    if (nodes.includes(leader)) return `${region}-${leader}`
  }
  throw new Error(`no node leads ${region}`)
}

function followingIn(region) {
  const leading = leadingIn(region)
  return nodes.map((node) => `${region}-${node}`).find((name) => name !== leading)
}

function isServing(service) {
  return output('exec', '-T', service, 'sh', '-c', 'cat /proc/[0-9]*/comm 2>/dev/null; true').includes('nats-server')
}

async function allReady(region) {
  await until(`${region} is ready`, async () => {
    return (await statusOf(`${endpoint(region)}/ready`).catch(() => undefined)) === 200
  })
  const check = "fetch('http://127.0.0.1:8000/ready').then(({ ok }) => console.log(ok), () => console.log(false))"
  for (const node of nodes)
    await until(`${region}-${node} is ready`, () => {
      try {
        return output('exec', '-T', `${region}-${node}`, 'node', '--eval', check).trim() === 'true'
      } catch {
        // Its container is about to start.
        return false
      }
    })
}

async function create(TableName) {
  await clients[virginia].createTable({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  })
  await until('the table is ACTIVE', async () => {
    return (await clients[virginia].describeTable({ TableName })).Table.TableStatus === 'ACTIVE'
  })
}

async function step(title, act) {
  const began = Date.now()
  await act()
  console.log(`ok  ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}

function client(region) {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
  return new DynamoDB({ region, endpoint: endpoint(region), credentials })
}
