/**
 * deploy/compose.yaml in earnest, wherever a Docker engine answers: builds the image, starts three regions, tries that nothing but
 * the links connects them, breaks links, kills, pauses, wipes and replaces parts, adds a fourth region, and stops everything with its data.
 *
 *   npm run test:docker
 *   npm run test:docker -- --file more.yaml     with another file for Compose
 *   npm run test:docker -- --no-build           the image `longitude` as it is
 *   npm run test:docker -- --only start,links   some of the steps, in their order (`start` and `table` make what the others need)
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { prepare } from '../../src/cli/prepare.mjs'
import { deploymentOf, docker, statusOf, until } from './deployment.mjs'
import { strongTable } from './strong.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1']
const [virginia, ireland, tokyo] = regions
const fourth = 'sa-east-1'
const table = 'Employees'

const { values: asked } = parseArgs({
  options: {
    file: { type: 'string', multiple: true, default: [] },
    only: { type: 'string' },
    'no-build': { type: 'boolean' },
  },
})
const deployment = await deploymentOf({ root, files: ['deploy/compose.yaml', ...asked.file] })
const { run, output, inspect, endpoint, linksCommand } = deployment
prepare({ root, log: console.log })
const { DynamoDB } = await import('@aws-sdk/client-dynamodb')
const clients = Object.fromEntries([...regions, fourth].map((region) => [region, client(region)]))

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    deployment.down()
    process.exit(1)
  })

const steps = {
  start: ['three regions are built and start', start],
  image: ['the image is small, and nothing in it runs as root', image],
  administration: ['administration is served inside a container only', administration],
  table: ['a global table is made in one region', createTable],
  travel: ['what one region writes is read in another', travel],
  strong: ['a table with strong consistency survives the loss of a region', strong],
  walls: ['regions reach each other by nothing but the links', walls],
  strangers: ['a NATS server answers no stranger, and secrets are rotated without a loss', strangers],
  links: ['a link is broken and healed from this machine, with the token only', links],
  door: ['the front door leads to the region that is meant', frontDoor],
  caches: ['each region has a cache that sees what is written elsewhere', caches],
  kill: ['the others go on while a region is killed, and it comes back with its data', killed],
  pause: ['a region that is paused catches up', paused],
  isolation: ['every region serves while the links are gone', isolation],
  wipe: ['a NATS server that loses its volume is filled again', wiped],
  loss: ['a region that loses everything is filled again by the others', lost],
  restart: ['everything is taken down and comes up with its data', restarted],
  drill: ['a drill passes on the containers', drill],
  fourth: ['a fourth region is added, and gets the table', addFourth],
  console: ['the console shows every region and its items, and breaks links', shown],
  metrics: ['Prometheus and Grafana see every region', seen],
  stop: ['a node that is stopped closes its store and ends with 0', stopped],
}

let passed = false
try {
  const chosen = asked.only?.split(',') ?? Object.keys(steps)
  for (const [name, [title, act]] of Object.entries(steps)) if (chosen.includes(name)) await step(title, act)
  passed = true
} catch (error) {
  console.error(error)
  deployment.logs()
}
passed = deployment.down() && passed
console.log(passed ? 'passed' : 'FAILED')
process.exit(passed ? 0 : 1)

async function start() {
  run('up', '--detach', ...(asked['no-build'] === true ? [] : ['--build']))
  for (const region of regions) await ready(region)
  // The image's own check, which is run ten seconds after the start.
  for (const service of [...regions, ...regions.map((region) => `cache-${region}`), 'links', 'front-door', 'console'])
    await until(`${service} is healthy`, () => inspect(service, '{{.State.Health.Status}}') === 'healthy')
}

async function image() {
  const layers = docker(
    'history',
    '--no-trunc',
    '--human=false',
    '--format',
    '{{.Size}} {{.CreatedBy}}',
    'longitude',
  ).split('\n')
  // From the base image down everything is somebody else's.
  const ours = layers.slice(
    0,
    layers.findIndex((layer) => layer.includes('ENV NODE_ENV=production')),
  )
  const sizeBytes = ours.reduce((sum, layer) => sum + Number(layer.split(' ')[0]), 0)
  console.log(`    ${(sizeBytes / 1e6).toFixed(0)} MB on top of its base image`)
  assert.ok(ours.length > 0 && sizeBytes < 60e6, `${sizeBytes} bytes`)
  for (const service of [...regions, 'links'])
    assert.equal(output('exec', '-T', service, 'id', '-u').trim(), '10001', service)
  const [{ Config: config }] = JSON.parse(docker('image', 'inspect', 'longitude'))
  assert.equal(config.User, '10001:10001')
  assert.equal(config.Healthcheck.Test[0], 'CMD', 'health needs no shell')
  assert.equal(config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0')
  const bill = JSON.parse(docker('run', '--rm', '--entrypoint', 'cat', 'longitude', 'sbom.cdx.json'))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const named = new Set(bill.components.map(({ name, group }) => (group ? `${group}/${name}` : name)))
  assert.deepEqual(
    Object.keys(dependencies).filter((name) => !named.has(name)),
    [],
    'the bill of materials names every dependency',
  )
  docker('run', '--rm', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', 'longitude', '--version')
}

async function administration() {
  assert.equal(await statusOf(`${endpoint(virginia)}/admin/status`), 403)
  const inside = JSON.parse(output('exec', '-T', virginia, 'longitude', 'status', '--json'))
  assert.deepEqual(
    inside.regions.map(({ region, health }) => [region, health]),
    [[virginia, 'ready']],
  )
  const pairs = inside.links.map(({ from, to }) => `${from} ${to}`)
  assert.ok(pairs.includes(`${virginia} ${tokyo}`) && pairs.includes(`${tokyo} ${virginia}`), pairs.join())
}

async function createTable() {
  await clients[virginia].createTable({
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'EmployeeID', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'EmployeeID', KeyType: 'HASH' }],
  })
  await until('the table is ACTIVE', async () => (await describe()).TableStatus === 'ACTIVE')
  for (const region of [ireland, tokyo]) await addReplica(region)
}

async function travel() {
  await put(virginia, 'E001', 'Ann')
  await arrives(tokyo, 'E001', 'Ann')
}

function serversOf(region) {
  return [region, `nats-${region}`, `quorum-${region}`]
}

async function strong() {
  const servers = regions.map((region) => ({
    name: `quorum-${region}`,
    isServing: () =>
      output('exec', '-T', `quorum-${region}`, 'sh', '-c', 'cat /proc/[0-9]*/comm 2>/dev/null; true').includes(
        'nats-server',
      ),
  }))
  const breaking = {
    kill: (region) => run('kill', ...serversOf(region)),
    start: (region) => run('start', ...serversOf(region)),
    cut: (region) => linksCommand('set', `${region}..all`, '--down', '--owner', 'test'),
    heal: () => linksCommand('heal'),
  }
  await strongTable({ regions, clients, servers, breaking })
  for (const region of regions) {
    await ready(region)
    const rights = output(
      'exec',
      '-T',
      `quorum-${region}`,
      'sh',
      '-c',
      'id -u; stat -c "%a %u" /data/quorum.conf /data/quorum.key',
    )
    assert.deepEqual(rights.trim().split('\n'), ['10001', '600 10001', '600 10001'], region)
  }
}

async function walls() {
  const addressOf = (service) =>
    inspect(service, '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}').split(' ')[0]
  const addresses = Object.fromEntries(regions.flatMap(serversOf).map((name) => [name, addressOf(name)]))
  for (const from of regions) {
    const others = regions.filter((region) => region !== from).flatMap(serversOf)
    const theirs = others.flatMap((name) => [name, addresses[name]])
    const aims = theirs.flatMap((host) => [`${host}:4222`, `${host}:6222`, `${host}:8000`])
    const own = [`nats-${from}:4222`, `${addresses[`nats-${from}`]}:4222`, 'links:8199']
    assert.deepEqual(deployment.reachable(from, [...own, ...aims]), own, `from ${from}`)
  }
}

async function strangers() {
  const program = (region) => `
    const socket = require('node:net').connect(4222, 'nats-${region}')
    socket.write('CONNECT {}\\r\\nSUB > 1\\r\\nPING\\r\\n')
    let said = ''
    socket.on('data', (data) => (said += data))
    socket.on('error', () => {})
    socket.on('close', () => console.log(said))`
  const said = (region) => output('exec', '-T', region, 'node', '--eval', program(region))
  for (const region of regions) assert.match(said(region), /-ERR 'Authorization Violation'/)
  const ownerOf = (service) => output('exec', '-T', service, 'stat', '-c', '%a %u', '/run/nats/nkey').trim()
  for (const service of [virginia, `cache-${virginia}`]) assert.equal(ownerOf(service), '600 10001', service)
  const confOf = () => output('exec', '-T', `nats-${virginia}`, 'cat', `/etc/longitude/conf/${virginia}.conf`)
  const before = confOf()
  run('run', '--rm', 'secrets', 'secrets', '--rotate')
  assert.notEqual(confOf(), before)
  await put(virginia, 'E015', 'Zoe')
  await arrives(tokyo, 'E015', 'Zoe')
  await put(tokyo, 'E016', 'Yan')
  await arrives(virginia, 'E016', 'Yan')
}

async function links() {
  const control = endpoint('links')
  assert.equal(await statusOf(`${control}/links`), 403)
  assert.equal(await statusOf(`${control}/links`, { authorization: `Bearer ${deployment.token}` }), 200)
  linksCommand('set', `${virginia}..${tokyo}`, '--down', '--owner', 'test')
  await put(virginia, 'E010', 'Cut')
  await arrives(ireland, 'E010', 'Cut')
  await sleep(1000)
  assert.equal(await nameOf(tokyo, 'E010'), undefined)
  const { links: told } = JSON.parse(linksCommand())
  const states = told.map(({ from, to, state }) => `${from} ${to} ${state}`)
  assert.ok(states.includes(`${virginia} ${tokyo} down`) && states.includes(`${virginia} ${ireland} up`), states.join())
  linksCommand('heal')
  await arrives(tokyo, 'E010', 'Cut')
}

async function frontDoor() {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
  for (const region of regions) {
    const direct = new DynamoDB({ region, endpoint: endpoint('front-door'), credentials })
    const Key = { EmployeeID: { S: 'E001' } }
    const { Item } = await direct.getItem({ TableName: table, Key })
    assert.equal(Item?.Name?.S, 'Ann')
    const { Table } = await direct.describeTable({ TableName: table })
    assert.ok(Table.TableArn.includes(region), Table.TableArn)
  }
}

async function caches() {
  const Key = { EmployeeID: { S: 'E070' } }
  for (const [n, region] of regions.entries()) {
    const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
    const cache = new DynamoDB({ region, endpoint: endpoint(`cache-${region}`), credentials })
    const cached = async () => (await cache.getItem({ TableName: table, Key })).Item?.Name?.S
    await put(regions[(n + 1) % regions.length], 'E070', `before ${n}`)
    await until(`the cache of ${region} has it`, async () => (await cached()) === `before ${n}`)
    await put(regions[(n + 1) % regions.length], 'E070', `after ${n}`)
    await until(`the cache of ${region} has what came after`, async () => (await cached()) === `after ${n}`)
  }
}

async function drill() {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-drill-'))
  const target = ['--compose', 'deploy/compose.yaml', '--project', deployment.project, '--allow-harm']
  const program = [
    'dist/cli/cli.js',
    'drill',
    'run',
    'test/docker/drill.yaml',
    ...target,
    '--yes',
    '--seed',
    '1',
    '--out',
    folder,
  ]
  const { status } = spawnSync(process.execPath, program, { cwd: root, stdio: 'inherit' })
  const { outcome, verdicts } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))
  assert.ok(existsSync(join(folder, 'report.html')), 'the page is there')
  rmSync(folder, { recursive: true })
  assert.equal(status, 0, `${outcome} ${JSON.stringify(verdicts)}`)
  for (const region of regions) await ready(region)
}

async function killed() {
  run('kill', tokyo, `nats-${tokyo}`)
  await put(virginia, 'E002', 'Bob')
  await arrives(ireland, 'E002', 'Bob')
  run('start', `nats-${tokyo}`, tokyo)
  await ready(tokyo)
  assert.equal(await nameOf(tokyo, 'E001'), 'Ann')
  await arrives(tokyo, 'E002', 'Bob')
  await put(tokyo, 'E003', 'Cho')
  await arrives(virginia, 'E003', 'Cho')
}

async function paused() {
  run('pause', ireland, `nats-${ireland}`)
  await put(virginia, 'E020', 'Dan')
  await put(tokyo, 'E021', 'Eve')
  await arrives(tokyo, 'E020', 'Dan')
  await arrives(virginia, 'E021', 'Eve')
  run('unpause', ireland, `nats-${ireland}`)
  await arrives(ireland, 'E020', 'Dan')
  await arrives(ireland, 'E021', 'Eve')
}

async function isolation() {
  run('kill', 'links')
  for (const region of regions) {
    await put(region, `E03-${region}`, region)
    assert.equal(await nameOf(region, `E03-${region}`), region)
  }
  run('up', '--detach', 'links')
  for (const from of regions) for (const to of regions) await arrives(to, `E03-${from}`, from)
}

async function wiped() {
  replace(`nats-${ireland}`)
  await put(ireland, 'E040', 'Fay')
  await arrives(tokyo, 'E040', 'Fay')
}

async function lost() {
  run('rm', '--stop', '--force', tokyo, `nats-${tokyo}`)
  for (const name of [tokyo, `nats-${tokyo}`]) docker('volume', 'rm', `${deployment.project}_${name}`)
  run('up', '--detach', tokyo)
  await ready(tokyo)
  await arrives(tokyo, 'E001', 'Ann')
  await put(tokyo, 'E041', 'Gus')
  await arrives(virginia, 'E041', 'Gus')
}

async function restarted() {
  run('down')
  run('up', '--detach')
  for (const region of regions) await ready(region)
  for (const region of regions) assert.equal(await nameOf(region, 'E001'), 'Ann')
  await put(tokyo, 'E050', 'Hal')
  await arrives(virginia, 'E050', 'Hal')
}

async function addFourth() {
  deployment.add('deploy/compose.fourth.yaml')
  run('up', '--detach')
  for (const region of [...regions, fourth]) await ready(region)
  await addReplica(fourth)
  await arrives(fourth, 'E001', 'Ann')
  await put(fourth, 'E060', 'Ida')
  for (const region of regions) await arrives(region, 'E060', 'Ida')
}

/** By the address that it prints inside its container, as a browser on this machine opens it. */
async function shown() {
  const address = output('exec', '-T', 'console', 'longitude', 'console', '--url').trim()
  const [url, key] = address.split('/#key=')
  assert.equal(url, endpoint('console'))
  assert.match(await (await fetch(url)).text(), /console\.js/)
  assert.equal(await statusOf(`${url}/api/tables`), 404)
  const ask = async (path, body) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const answer = await fetch(`${url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 200, await answer.clone().text())
    return await answer.json()
  }
  const expected = deployment.has('deploy/compose.fourth.yaml') ? [...regions, fourth] : regions
  const { tables, problems } = await ask('tables', {})
  assert.deepEqual(problems, [])
  assert.deepEqual(tables.find(({ name }) => name === table)?.regions.toSorted(), expected.toSorted())
  const { regions: copies } = await ask('items', { table, keys: [{ EmployeeID: { S: 'E001' } }] })
  assert.deepEqual(
    copies.map(({ rows }) => rows?.[0]?.item?.Name?.S),
    expected.map(() => 'Ann'),
  )
  const state = await firstState(url)
  assert.deepEqual(
    state.regions.map(({ endpoint: at }) => at),
    expected.map((region) => endpoint(region).replace('127.0.0.1', 'localhost')),
  )
  await ask('links/set', { links: [`${virginia}>${tokyo}`], state: 'down', for: '60s' })
  await until('the cut is seen', async () =>
    (await firstState(url)).directions.some(
      ({ from, to, link }) => from === virginia && to === tokyo && link?.state === 'down',
    ),
  )
  await ask('heal', {})
  const { links: told } = JSON.parse(linksCommand())
  assert.ok(told.every(({ state: is }) => is === 'up'))
}

/** Of the events that the page follows. */
async function firstState(url) {
  const answer = await fetch(`${url}/api/events`)
  let text = ''
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    text += part
    const [, data] = /event: state\nid: [^\n]*\ndata: ([^\n]*)\n\n/.exec(text) ?? []
    if (data !== undefined) return JSON.parse(data)
  }
  throw new Error('the console told no state')
}

/** Their images are no part of this project: where they cannot be had, that is said and the rest counts. */
async function seen() {
  const services = ['prometheus', 'grafana'].filter((service) => {
    const name = deployment.imageOf(service)
    if (isHad(name)) return true
    console.log(`    ${name} cannot be had here: ${service} was not tried`)
    return false
  })
  if (services.length > 0) run('up', '--detach', ...services)
  if (services.includes('prometheus')) {
    const states = async () => (await json(`${endpoint('prometheus')}/api/v1/targets`)).data.activeTargets
    await until('Prometheus sees every region', async () => {
      const targets = await states().catch(() => [])
      return targets.length >= 2 * regions.length && targets.every(({ health }) => health === 'up')
    })
  }
  if (services.includes('grafana')) {
    const figuresAsked = `${endpoint('grafana')}/api/datasources/proxy/uid/prometheus/api/v1/query?query=longitude_log_position`
    await until('Grafana has the dashboard, and figures for it', async () => {
      const found = await json(`${endpoint('grafana')}/api/dashboards/uid/longitude-regions`).catch(() => undefined)
      const figures = await json(figuresAsked).catch(() => undefined)
      return found?.dashboard !== undefined && figures?.data?.result.length >= regions.length
    })
  }
}

function isHad(name) {
  const has = (...args) => spawnSync('docker', args, { stdio: 'ignore' }).status === 0
  return has('image', 'inspect', name) || has('pull', '--quiet', name)
}

async function json(url) {
  return await (await fetch(url, { signal: AbortSignal.timeout(5000) })).json()
}

async function stopped() {
  run('stop', ...regions)
  for (const region of regions) assert.equal(inspect(region, '{{.State.ExitCode}}'), '0', region)
}

/** Without its data, as on a new disk. */
function replace(service) {
  run('rm', '--stop', '--force', service)
  docker('volume', 'rm', `${deployment.project}_${service}`)
  run('up', '--detach', service)
}

async function addReplica(RegionName) {
  await clients[virginia].updateTable({ TableName: table, ReplicaUpdates: [{ Create: { RegionName } }] })
  await until(`the replica in ${RegionName} is ACTIVE`, async () => {
    const { TableStatus, Replicas = [] } = await describe()
    const replica = Replicas.find((each) => each.RegionName === RegionName)
    return TableStatus === 'ACTIVE' && replica?.ReplicaStatus === 'ACTIVE'
  })
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

/** A region that is still being filled has no such table yet. */
async function arrives(region, id, name) {
  await until(`${id} is in ${region}`, async () => (await nameOf(region, id).catch(() => undefined)) === name)
}

async function ready(region) {
  await until(`${region} is ready`, async () => {
    return (await statusOf(`${endpoint(region)}/ready`).catch(() => undefined)) === 200
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
