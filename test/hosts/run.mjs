/**
 * The files of `longitude deployment` over hosts, as they are written, with the commands of deploy/systemd, on hosts that are namespaces of this machine with addresses of their own:
 * one region of three nodes behind a balancer, and two of one node. Under load the leading node is killed, its machine is lost, the machine of the region's quorum server among the
 * other regions is lost, and the region's secrets are rotated host by host. Every acknowledged write must be there afterwards.
 *
 *   npm run test:hosts                          as root, on Linux with iproute2 and util-linux
 *   npm run test:hosts -- --only node,machine   some of the steps, in their order; the hosts and the tables are always made
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { prepare } from '../../src/cli/prepare.mjs'
import { Ledger, missingIn } from '../docker/ledger.mjs'
import { execute, Machine, openNetwork } from './machine.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const insideName = 'LONGITUDE_TEST_HOSTS'
if (process.env[insideName] === undefined) {
  // The network, and what is mounted, are this process's own, and end with it.
  const program = [fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const kinds = ['--net', '--mount', '--propagation', 'private']
  const env = { ...process.env, [insideName]: '1' }
  prepare({ root, log: console.log })
  process.exit(spawnSync('unshare', [...kinds, process.execPath, ...program], { stdio: 'inherit', env }).status ?? 1)
}

const network = '10.77.0'
const at = (n) => `${network}.${n}`
const [virginia, ireland, tokyo] = ['us-east-1', 'eu-west-1', 'ap-northeast-1']
const nodes = { a: at(2), b: at(3), c: at(4) }
const single = { [ireland]: at(5), [tokyo]: at(6) }
const balancerAt = at(7)
const goOnMs = 8000
const patienceMs = 300_000
const { values: asked } = parseArgs({ options: { only: { type: 'string' } } })

/** docs/operating/deployment.md, 3. Any credentials do, and the certificate is one of the same authority. */
const letOut = {
  host: '0.0.0.0',
  tlsCert: '/etc/longitude/api.crt',
  tlsKey: '/etc/longitude/api.key',
  anyCredentials: true,
  loopbackPort: 8001,
  basePort: 8001,
}

const folder = mkdtempSync(join(tmpdir(), 'longitude-hosts-'))
const out = join(folder, 'deployment')
const machines = new Map()
const { certify } = await import(join(root, 'dist/deployment/secrets/certificates/certificate.js'))
const { DynamoDB } = await import('@aws-sdk/client-dynamodb')
const tables = { eventual: 'Orders', strong: 'Seats' }
/** All that was acknowledged, by table, with the region that acknowledged it. */
const acknowledged = { [tables.eventual]: new Map(), [tables.strong]: new Map() }
let clients = {}

const steps = {
  node: ['the leading node is killed, and systemd starts it again', loseNode],
  machine: ['the machine of the leading node is lost, and comes back', loseMachine],
  group: ['the machine of the quorum server among the other regions is lost, and comes back', loseGroupServer],
  rotate: ['the secrets of the region are rotated, host by host', rotate],
}

let passed = false
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end().then(() => process.exit(1)))
try {
  await step('the hosts start with what was written for them', start)
  await step('tables are made', makeTables)
  const chosen = asked.only?.split(',') ?? Object.keys(steps)
  for (const [name, [title, act]] of Object.entries(steps)) if (chosen.includes(name)) await step(title, act)
  passed = true
} catch (error) {
  console.error(error)
  for (const { name, folder: own } of machines.values())
    console.error(`--- ${name}\n${execute('sh', '-c', `tail -n 15 ${own}/*.log`)}`)
}
await end()
console.log(passed ? 'passed' : 'FAILED')
process.exit(passed ? 0 : 1)

async function end() {
  for (const machine of machines.values()) await machine.switchOff()
  rmSync(folder, { recursive: true, force: true })
}

function deploy(...more) {
  const hosts = [`${virginia}=${Object.values(nodes).join()}`, ...Object.entries(single).map((each) => each.join('='))]
  execute(process.execPath, join(root, 'dist/cli/cli.js'), 'deployment', '--hosts', ...hosts, '--out', out, ...more)
}

async function start() {
  deploy()
  openNetwork(at(1))
  const { path: natsServer } = JSON.parse(
    execute(process.execPath, join(root, 'dist/cli/cli.js'), 'nats-server', '--json'),
  )
  const authority = {
    certificate: readFileSync(join(out, 'authority/authority.crt'), 'utf8'),
    key: readFileSync(join(out, 'authority/authority.key'), 'utf8'),
  }
  // One that clients trust, for the addresses that they use.
  const hosts = [...Object.values(nodes), ...Object.values(single), balancerAt, '127.0.0.1', 'localhost']
  const shown = await certify({ name: 'api', days: 10, use: 'server', hosts }, authority)
  const settings = { 'longitude-balancer': { LONGITUDE_TLS_CA: '/etc/longitude/ca.crt' } }
  const add = (name, address, place) => {
    const files = join(folder, 'files', name)
    mkdirSync(files, { recursive: true })
    copy(place, files)
    writeFileSync(join(files, 'api.crt'), shown.certificate)
    writeFileSync(join(files, 'api.key'), shown.key, { mode: 0o600 })
    machines.set(name, new Machine({ name, address, files, folder, root, natsServer, settings }))
  }
  for (const [node, address] of Object.entries(nodes)) add(node, address, `${virginia}-${node}`)
  for (const [region, address] of Object.entries(single)) add(region, address, region)
  add('balancer', balancerAt, undefined)
  const balancer = machines.get('balancer')
  for (const name of ['balancer.json', 'ca.crt']) cpSync(join(out, `${virginia}-a`, name), join(balancer.files, name))
  for (const machine of machines.values()) await switchOn(machine)
  clients = {
    [virginia]: client(virginia, balancerAt),
    [ireland]: client(ireland, single[ireland]),
    [tokyo]: client(tokyo, single[tokyo]),
  }
  await allReady()
}

/** What was written for the host, and how its endpoint is let out. */
function copy(place, files) {
  if (place === undefined) return
  cpSync(join(out, place), files, { recursive: true })
  const path = join(files, 'longitude.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...letOut }))
}

function unitsOf(name) {
  if (name === 'balancer') return ['longitude-balancer']
  const all = ['longitude-nats', 'longitude-quorum', 'longitude-node']
  return name === 'a' ? ['longitude-group-quorum', ...all] : all
}

async function switchOn(machine) {
  await machine.switchOn()
  for (const unit of unitsOf(machine.name)) machine.start(unit)
}

async function makeTables() {
  const create = async (TableName) => {
    await clients[virginia].createTable({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    })
    await isActive(virginia, TableName, 0)
  }
  await create(tables.eventual)
  const { eventual: TableName } = tables
  await clients[virginia].updateTable({ TableName, ReplicaUpdates: [{ Create: { RegionName: ireland } }] })
  await isActive(virginia, TableName, 2)
  await create(tables.strong)
  const ReplicaUpdates = [ireland, tokyo].map((RegionName) => ({ Create: { RegionName } }))
  await clients[virginia].updateTable({ TableName: tables.strong, ReplicaUpdates, MultiRegionConsistency: 'STRONG' })
  for (const region of [virginia, ireland, tokyo]) await isActive(region, tables.strong, 3)
}

async function isActive(region, TableName, replicas) {
  await until(`${TableName} is ACTIVE in ${region}`, async () => {
    const { Table } = await clients[region].describeTable({ TableName }).catch(() => ({}))
    const { TableStatus, Replicas = [] } = Table ?? {}
    const active = Replicas.filter((one) => one.ReplicaStatus === 'ACTIVE').length
    return TableStatus === 'ACTIVE' && active === Replicas.length && Replicas.length >= replicas - 1
  })
}

async function loseNode() {
  await underWrites(async () => {
    machines.get(leading()).kill('longitude-node')
    await sleep(goOnMs)
    await allReady()
  })
}

async function loseMachine() {
  await underWrites(async () => await loses(machines.get(leading())))
}

async function loseGroupServer() {
  await underWrites(async () => {
    const machine = machines.get('a')
    await machine.switchOff()
    await until('the other regions go on', async () => await succeeds(putStrong(ireland)))
    await until(
      'the region says that it cannot now',
      async () => (await putStrong(virginia).catch(({ name }) => name)) === 'InternalServerError',
    )
    await switchOn(machine)
    await allReady()
    await until('the region writes again', async () => await succeeds(putStrong(virginia)))
  })
}

async function putStrong(region) {
  await clients[region].putItem({ TableName: tables.strong, Item: { id: { S: `one-${region}` } } })
}

async function succeeds(promise) {
  return await promise.then(
    () => true,
    () => false,
  )
}

async function loses(machine) {
  await machine.switchOff()
  await sleep(goOnMs)
  await switchOn(machine)
  await allReady()
}

/** docs/operating/deployment.md, Later: every folder is copied, that of the region itself last, and the servers are started again. */
async function rotate() {
  await underWrites(async () => {
    const before = readFileSync(join(machines.get('a').files, 'node-secret'), 'utf8')
    deploy('--rotate', virginia)
    for (const region of [ireland, tokyo]) await renew(machines.get(region), region)
    for (const node of Object.keys(nodes)) {
      await renew(machines.get(node), `${virginia}-${node}`)
      await allReady()
    }
    assert.notEqual(readFileSync(join(machines.get('c').files, 'node-secret'), 'utf8').split('\n')[0], before.trim())
    // What starts now knows the new ones alone.
    for (const node of Object.keys(nodes)) {
      await machines.get(node).restart('longitude-node')
      await allReady()
    }
  })
}

async function renew(machine, place) {
  copy(place, machine.files)
  for (const unit of unitsOf(machine.name).filter((each) => each !== 'longitude-node')) await machine.restart(unit)
}

/** Clients write in two regions while `act` breaks something; then all that was ever acknowledged must be there. */
async function underWrites(act) {
  const over = new AbortController()
  const writers = [
    [virginia, tables.eventual],
    [virginia, tables.eventual],
    [ireland, tables.eventual],
    [virginia, tables.strong],
    [ireland, tables.strong],
  ]
  const ledgers = writers.map(([region, TableName]) => new Ledger({ region, client: clients[region], TableName }))
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
  for (const { region, TableName, acknowledged: ids, errors, longestMs } of ledgers) {
    for (const id of ids) acknowledged[TableName].set(id, region)
    console.log(
      `    ${TableName} in ${region}: ${ids.length} acknowledged, ${errors.length} failed, still for ${longestMs} ms at most`,
    )
    for (const text of new Set(errors))
      console.log(`      ${errors.filter((each) => each === text).length} times: ${text}`)
  }
  await nothingIsMissing()
}

async function nothingIsMissing() {
  for (const { TableName, regions } of [
    { TableName: tables.eventual, regions: [virginia, ireland] },
    { TableName: tables.strong, regions: [virginia, ireland, tokyo] },
  ]) {
    const ids = [...acknowledged[TableName].keys()]
    for (const region of regions) {
      const here = ids.filter((id) => TableName === tables.strong || acknowledged[TableName].get(id) === region)
      assert.deepEqual(await missingIn({ client: clients[region], TableName, ids: here }), [], region)
      let missing = ids
      await until(`all acknowledged writes are in ${region}`, async () => {
        missing = await missingIn({ client: clients[region], TableName, ids: missing })
        return missing.length === 0
      })
    }
    console.log(`    0 of ${ids.length} acknowledged writes of ${TableName} are missing, in ${regions.join(', ')}`)
  }
}

/** Any host of the region knows who leads. */
function leading() {
  const ask = `
    const { readFileSync } = require('node:fs')
    const authorization = 'Bearer ' + readFileSync('/etc/longitude/admin-token', 'utf8').trim()
    fetch('http://127.0.0.1:8001/admin/node', { headers: { authorization } }).then((answer) => answer.text()).then(console.log)`
  for (const node of Object.keys(nodes)) {
    const { leader } = JSON.parse(machines.get(node).output('/usr/bin/node', '--eval', ask))
    if (leader !== undefined && leader in nodes) return leader
  }
  throw new Error('no node leads')
}

async function allReady() {
  for (const name of [...Object.keys(nodes), ...Object.keys(single)])
    await until(`${name} is ready`, () => {
      const script =
        "fetch('http://127.0.0.1:8001/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"
      return machines.get(name).tries('/usr/bin/node', '--eval', script)
    })
}

async function until(what, holds) {
  const deadline = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs / 1000} s: ${what}`)
    await sleep(200)
  }
}

function client(region, host) {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }
  const ca = readFileSync(join(out, 'authority/authority.crt'))
  const requestHandler = { httpsAgent: { ca, keepAlive: true } }
  return new DynamoDB({ region, endpoint: `https://${host}:8000`, credentials, requestHandler })
}

async function step(title, act) {
  const began = Date.now()
  await act()
  console.log(`ok  ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}
