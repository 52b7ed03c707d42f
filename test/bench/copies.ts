/**
 * What backups, restores, exports and imports do in a second, how far a writer slows down meanwhile, and how much memory they take; and what point-in-time recovery costs a
 * writer. Items of about 500 bytes; everything lies in folders.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findNatsServer } from '../../src/nats-server/find.ts'
import { Load, Puts, removeFolder, started, startNats, startNode, stopAll, temporaryFolder } from './children.ts'
import { flagsOf } from './flags.ts'
import { rounded, table } from './figures.ts'
import type { LoadResult } from './load.ts'
import { keep, machine } from './machine.ts'
import { measure, middle, type Ratio, ratioOf, type Sample, type Samples, type Target } from './measure.ts'
import { type Aim, aimAt, call, createTable, encodeRequest, spread } from './requests.ts'

const usage = `npm run bench:copies -- [options]

  --quick   10,000 items
  --json    the figures alone`

const flags = flagsOf(usage)
const size = flags.quick ? { items: 10_000, rounds: 3, ms: 1000 } : { items: 100_000, rounds: 5, ms: 3000 }
const connections = 16
const requestsMax = 2000
const batchItems = 25
const minutesMax = 10 * 60_000
const lookMs = 20
const value = 'x'.repeat(370)

/** What is wanted: at least, or at most. */
type Limit = { readonly name: string; readonly measured: number; readonly least?: number; readonly most?: number }
const limits: Limit[] = []
const shareLeast = 0.7
const memoryMoreMost = 300
const storeShareLeast = 0.5
const recoveryShareLeast = 0.9
/** Puts that are under way at once in the bare store, as many as a restore decides together. */
const barePutsAtOnce = 100

const folder = temporaryFolder()
const ratios: Record<string, Ratio> = {}
const facts: Record<string, number> = {}

try {
  const load = await started(Load.start())
  const { path } = await findNatsServer({ explicit: undefined, progress: (line) => console.error(line) })
  const nats = await started(startNats(path, folder))
  const node = await started(
    startNode({ region: 'us-east-1', data: folder, nats: nats.port, s3: `out=dir:${folder}/out` }),
  )
  const aim = aimAt(node.port)
  const target = { port: node.port, pids: [node.pid] }
  await fill(load, aim, target)
  await measureRecovery(load, aim, target)
  await measureCopies(load, aim, target)
  report()
} finally {
  await stopAll()
  removeFolder(folder)
}

async function fill(load: Load, aim: Aim, { port }: Target): Promise<void> {
  for (const name of ['copied', 'plain', 'recovered']) await createTable(aim, {}, name)
  const batches = Array.from({ length: size.items / batchItems }, (_, at) => batchFrom(at * batchItems))
  const batch = batches.map((RequestItems) => encodeRequest('BatchWriteItem', { RequestItems }, aim))
  await load.run({ port, connections, requests: batch, count: batch.length })
}

function batchFrom(first: number): object {
  return { copied: Array.from({ length: batchItems }, (_, n) => ({ PutRequest: { Item: item(first + n) } })) }
}

function item(n: number): object {
  return { pk: { S: `item-${n}` }, sk: { S: '0' }, v: { S: value } }
}

function put(name: string, n: number): readonly [string, object] {
  return ['PutItem', { TableName: name, Item: item(n) }]
}

function putsTo(name: string, aim: Aim): readonly Buffer[] {
  return spread(requestsMax, size.items).map((n) => encodeRequest(...put(name, n), aim))
}

/** Puts into a table with history beside puts into one without. */
async function measureRecovery(load: Load, aim: Aim, target: Target): Promise<void> {
  await keepHistory(aim, 'recovered')
  const candidates = ['plain', 'recovered'].map((name) => ({ name, target, requests: putsTo(name, aim) }))
  const samples = await measure(load, candidates, { ...size, connections })
  ratios['PutItem with point-in-time recovery / without'] = ratioOf(of(samples, 'recovered'), of(samples, 'plain'))
  const { ratio } = ratioOf(of(samples, 'recovered'), of(samples, 'plain'))
  limits.push({
    name: 'a writer’s rate with point-in-time recovery / without',
    measured: ratio,
    least: recoveryShareLeast,
  })
  facts['PutItem without, a second'] = rounded(middle(of(samples, 'plain'), 'rate'))
}

async function keepHistory(aim: Aim, TableName: string): Promise<void> {
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
  await call(aim, 'UpdateContinuousBackups', { TableName, PointInTimeRecoverySpecification })
}

async function measureCopies(load: Load, aim: Aim, target: Target): Promise<void> {
  await keepHistory(aim, 'copied')
  const arn = await backup(load, aim, target)
  await measured('restore', { load, aim, target }, async () => {
    await call(aim, 'RestoreTableFromBackup', { BackupArn: arn, TargetTableName: 'restored' })
    return async () => await isActive(aim, 'restored')
  })
  await measureAlone(aim, arn)
  const manifest = await exported(load, aim, target)
  await measured('import', { load, aim, target }, async () => {
    await call(aim, 'ImportTable', importOf(manifest.replace('manifest-summary.json', 'data/')))
    return async () => await isActive(aim, 'imported')
  })
}

/** Without clients, beside durable puts of the same items into a bare LMDB store. */
async function measureAlone(aim: Aim, BackupArn: string): Promise<void> {
  const puts = await started(Puts.start(folder))
  const bare = await puts.run({ ms: size.ms, underWay: barePutsAtOnce, items: size.items })
  const startMs = performance.now()
  await call(aim, 'RestoreTableFromBackup', { BackupArn, TargetTableName: 'restoredAlone' })
  while (!(await isActive(aim, 'restoredAlone'))) {
    if (performance.now() - startMs > minutesMax) throw new Error('the restore takes longer than ten minutes')
    await new Promise((resolve) => {
      setTimeout(resolve, lookMs)
    })
  }
  const rate = (size.items * 1000) / (performance.now() - startMs)
  facts['restore: items a second, alone'] = rounded(rate)
  facts['bare LMDB: durable puts a second, 100 under way'] = rounded(rateOf(bare))
  limits.push({ name: 'restore alone / bare store', measured: rate / rateOf(bare), least: storeShareLeast })
}

async function backup(load: Load, aim: Aim, target: Target): Promise<string> {
  let arn = ''
  await measured('backup', { load, aim, target }, async () => {
    const { BackupDetails } = await call(aim, 'CreateBackup', { TableName: 'copied', BackupName: 'bench' })
    arn = (BackupDetails as { readonly BackupArn: string }).BackupArn
    return async () => {
      const { BackupDescription } = await call(aim, 'DescribeBackup', { BackupArn: arn })
      return (
        (BackupDescription as { BackupDetails: { BackupStatus: string } }).BackupDetails.BackupStatus === 'AVAILABLE'
      )
    }
  })
  return arn
}

async function exported(load: Load, aim: Aim, target: Target): Promise<string> {
  let manifest = ''
  await measured('export', { load, aim, target }, async () => {
    const TableArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/copied'
    const { ExportDescription } = await call(aim, 'ExportTableToPointInTime', { TableArn, S3Bucket: 'out' })
    const { ExportArn } = ExportDescription as { readonly ExportArn: string }
    return async () => {
      const told = await call(aim, 'DescribeExport', { ExportArn })
      const { ExportStatus, ExportManifest = '' } = told['ExportDescription'] as Record<string, string>
      manifest = ExportManifest
      if (ExportStatus === 'FAILED') throw new Error('the export has failed')
      return ExportStatus === 'COMPLETED'
    }
  })
  return manifest
}

function importOf(S3KeyPrefix: string): object {
  return {
    S3BucketSource: { S3Bucket: 'out', S3KeyPrefix },
    InputFormat: 'DYNAMODB_JSON',
    InputCompressionType: 'GZIP',
    TableCreationParameters: {
      TableName: 'imported',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    },
  }
}

async function isActive(aim: Aim, TableName: string): Promise<boolean> {
  try {
    const { Table } = await call(aim, 'DescribeTable', { TableName })
    return (Table as { readonly TableStatus: string }).TableStatus === 'ACTIVE'
  } catch {
    return false
  }
}

type Place = { readonly load: Load; readonly aim: Aim; readonly target: Target }
type Begin = () => Promise<() => Promise<boolean>>

/** Clients write into another table before, and while it lasts. */
async function measured(name: string, { load, aim, target }: Place, begin: Begin): Promise<void> {
  const requests = putsTo('plain', aim)
  const before = await load.run({ port: target.port, connections, requests, ms: size.ms })
  const startMs = performance.now()
  const isOver = await begin()
  const memoryBefore = memoryMb(target.pids)
  let [peak, during, ended] = [0, 0, 0]
  let rounds = 0
  while (ended === 0) {
    const sample = await load.run({ port: target.port, connections, requests, ms: 250 })
    during += rateOf(sample)
    rounds++
    peak = Math.max(peak, memoryMb(target.pids))
    if (await isOver()) ended = performance.now()
    if (performance.now() - startMs > minutesMax) throw new Error(`${name} takes longer than ten minutes`)
  }
  facts[`${name}: items a second, beside clients that write`] = rounded((size.items * 1000) / (ended - startMs))
  facts[`${name}: share of their rate that clients keep`] = rounded(during / rounds / rateOf(before))
  facts[`${name}: memory of the node at most, MB`] = peak
  limits.push(
    {
      name: `${name}: share of their rate that clients keep`,
      measured: during / rounds / rateOf(before),
      least: shareLeast,
    },
    { name: `${name}: memory of the node beyond before, MB`, measured: peak - memoryBefore, most: memoryMoreMost },
  )
}

function rateOf({ count, ms }: Pick<LoadResult, 'count' | 'ms'>): number {
  return (count / ms) * 1000
}

function memoryMb(pids: readonly number[]): number {
  const pages = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]))
  return Math.round((pages.reduce((sum, each) => sum + each, 0) * 4096) / 1024 / 1024)
}

function of(samples: Samples, name: string): readonly Sample[] {
  return samples.get(name) ?? []
}

function lineOf({ name, measured: found, least, most }: Limit): readonly (string | number)[] {
  const holds = (least === undefined || found >= least) && (most === undefined || found <= most)
  const wanted = least === undefined ? `at most ${most}` : `at least ${least}`
  return [name, rounded(found), wanted, holds ? '' : 'NOT HELD']
}

function report(): void {
  const result = { items: size.items, machine: machine(), ratios, facts, limits }
  if (flags.json) return console.log(JSON.stringify(result))
  console.log(
    table([
      ...Object.entries(ratios).map(([name, { ratio, least, most }]) => [
        name,
        rounded(ratio),
        `${rounded(least)} to ${rounded(most)}`,
      ]),
      ...Object.entries(facts).map(([name, fact]) => [name, fact, '']),
    ]),
  )
  console.log(table([['of the limits', 'measured', 'wanted', ''], ...limits.map(lineOf)]))
  if (!flags.quick)
    console.log(`kept in ${keep(fileURLToPath(new URL('../../..', import.meta.url)), 'copies', result)}`)
}
