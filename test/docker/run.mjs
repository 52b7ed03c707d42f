/**
 * deploy/compose.yaml in earnest, wherever a Docker engine answers: builds the image, starts three regions, makes a global
 * table, writes in one region and reads in another, kills a region and starts it again, and stops everything with its data.
 *
 *   npm run test:docker
 *   npm run test:docker -- --file more.yaml     with another file for Compose
 *
 * Project and ports are its own: regions that run from the same file are left alone.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { prepare } from '../../src/node/prepare.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1']
const [virginia, ireland, tokyo] = regions
const table = 'Employees'

const compose = engineAndCompose()
prepare({ root, log: console.log })
const { DynamoDB } = await import('@aws-sdk/client-dynamodb')

const ports = await freePorts(regions.length)
const environment = Object.fromEntries(
  regions.map((region, index) => [`${region.toUpperCase().replaceAll('-', '_')}_PORT`, String(ports[index])]),
)
const project = `longitude-test-${process.pid}`
const files = ['--file', 'deploy/compose.yaml', ...process.argv.slice(2)]
const clients = Object.fromEntries(regions.map((region) => [region, client(region)]))

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    down()
    process.exit(1)
  })

let passed = false
try {
  await step('three regions are built and start', start)
  await step('administration is served inside a container only', administration)
  await step('a global table is made in one region', createTable)
  await step('what one region writes is read in another', async () => {
    await put(virginia, 'E001', 'Ann')
    await arrives(tokyo, 'E001', 'Ann')
  })
  await step('the others go on while a region is killed', async () => {
    run('kill', tokyo, `nats-${tokyo}`)
    await put(virginia, 'E002', 'Bob')
    await arrives(ireland, 'E002', 'Bob')
  })
  await step('it comes back with its data and catches up', async () => {
    run('start', `nats-${tokyo}`, tokyo)
    await ready(tokyo)
    assert.equal(await nameOf(tokyo, 'E001'), 'Ann')
    await arrives(tokyo, 'E002', 'Bob')
    await put(tokyo, 'E003', 'Cho')
    await arrives(virginia, 'E003', 'Cho')
  })
  await step('a node that is stopped closes its store and ends with 0', stopped)
  passed = true
} catch (error) {
  console.error(error)
  spawnCompose(['logs', '--tail', '40'], 'inherit')
}
passed = down() && passed
console.log(passed ? 'passed' : 'FAILED')
process.exit(passed ? 0 : 1)

async function start() {
  run('up', '--detach', '--build')
  for (const region of regions) await ready(region)
  // The image's own check, which is run ten seconds after the start.
  for (const region of regions)
    await until(`${region} is healthy`, () => inspect(region, '{{.State.Health.Status}}') === 'healthy')
}

async function administration() {
  assert.equal(await statusOf(virginia, '/admin/status'), 403)
  const inside = JSON.parse(output('exec', '-T', virginia, 'longitude', 'status', '--json'))
  assert.deepEqual(
    inside.regions.map(({ region, health }) => [region, health]),
    [[virginia, 'ready']],
  )
  const links = inside.links.map(({ from, to }) => `${from} ${to}`)
  assert.ok(links.includes(`${virginia} ${tokyo}`) && links.includes(`${tokyo} ${virginia}`), links.join())
}

async function createTable() {
  await clients[virginia].createTable({
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'EmployeeID', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'EmployeeID', KeyType: 'HASH' }],
  })
  await until('the table is ACTIVE', async () => (await describe()).TableStatus === 'ACTIVE')
  for (const RegionName of [ireland, tokyo]) {
    await clients[virginia].updateTable({ TableName: table, ReplicaUpdates: [{ Create: { RegionName } }] })
    await until(`the replica in ${RegionName} is ACTIVE`, async () => {
      const { TableStatus, Replicas = [] } = await describe()
      const replica = Replicas.find((each) => each.RegionName === RegionName)
      return TableStatus === 'ACTIVE' && replica?.ReplicaStatus === 'ACTIVE'
    })
  }
}

async function stopped() {
  run('stop', ...regions)
  for (const region of regions) assert.equal(inspect(region, '{{.State.ExitCode}}'), '0', region)
}

async function describe() {
  const { Table } = await clients[virginia].describeTable({ TableName: table })
  return Table
}

async function put(region, id, name) {
  await clients[region].putItem({ TableName: table, Item: { EmployeeID: { S: id }, Name: { S: name } } })
}

async function nameOf(region, id) {
  const { Item } = await clients[region].getItem({ TableName: table, Key: { EmployeeID: { S: id } } })
  return Item?.Name?.S
}

async function arrives(region, id, name) {
  await until(`${id} is in ${region}`, async () => (await nameOf(region, id)) === name)
}

async function ready(region) {
  await until(`${region} is ready`, async () => {
    return (await statusOf(region, '/ready').catch(() => undefined)) === 200
  })
}

/** Not `fetch`: of a container that is still starting its promise was seen never to settle on Node 20. */
function statusOf(region, path) {
  return new Promise((resolve, reject) => {
    const asked = get(`${endpoint(region)}${path}`, { agent: false, timeout: 2000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', reject)
  })
}

async function until(what, holds) {
  const deadline = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within a minute: ${what}`)
    await sleep(100)
  }
}

async function step(title, act) {
  const began = Date.now()
  await act()
  console.log(`ok  ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}

function endpoint(region) {
  return `http://127.0.0.1:${ports[regions.indexOf(region)]}`
}

function client(region) {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
  return new DynamoDB({ region, endpoint: endpoint(region), credentials })
}

/** Compose is a plugin of Docker today and was a program of its own. Ends the process where there is no engine. */
function engineAndCompose() {
  const engine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { encoding: 'utf8' })
  if (engine.status !== 0) missing(`no Docker engine answers: ${engine.error?.message ?? engine.stderr.trim()}`)
  const found = [['docker', 'compose'], ['docker-compose']].find(
    ([command, ...args]) => spawnSync(command, [...args, 'version', '--short']).status === 0,
  )
  if (found === undefined) missing('there is an engine, but neither `docker compose` nor `docker-compose`')
  return found
}

function missing(what) {
  console.error(`test:docker needs Docker and Compose: ${what}\nnothing was tested`)
  process.exit(1)
}

/** Whether everything is gone. */
function down() {
  return spawnCompose(['down', '--volumes', '--remove-orphans', '--timeout', '5'], 'inherit').status === 0
}

function run(...args) {
  const { status } = spawnCompose(args, 'inherit')
  assert.equal(status, 0, `compose ${args.join(' ')}`)
}

function output(...args) {
  const { stdout, stderr, status } = spawnCompose(args, 'pipe')
  assert.equal(status, 0, `compose ${args.join(' ')}: ${stderr}`)
  return stdout
}

function spawnCompose(args, stdio) {
  const [command, ...first] = compose
  const all = [...first, '--project-name', project, ...files, ...args]
  const env = { ...process.env, ...environment }
  return spawnSync(command, all, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', stdio, stdio] })
}

function inspect(region, format) {
  const id = output('ps', '--all', '--quiet', region).trim()
  const { stdout } = spawnSync('docker', ['inspect', '--format', format, id], { encoding: 'utf8' })
  return stdout.trim()
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
  const found = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return found
}
