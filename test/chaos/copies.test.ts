/**
 * Backups, restores and imports whose node is killed in their midst go on with its next start, and nothing of them is half. While the disk of the backups is full,
 * the region goes on, says what waits, and ends by itself once there is room.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { ChaosRegion } from './chaos-region.ts'
import { countOf, fill } from './fill.ts'
import { rounds, testMsMax } from './pace.ts'
import { sendRequest } from './request.ts'
import { sharedDeployment } from './shared.ts'
import { until } from './until.ts'

const timeout = testMsMax
const bucket = mkdtempSync(join(tmpdir(), 'longitude-bucket-'))
const deployment = sharedDeployment({ regions: ['us-east-1'], flags: ['--s3', `in=dir:${bucket}`] })
/** Three blobs of a backup, and more. */
const items = rounds(450, 20_000)
const bytes = 20_000

afterAll(() => rmSync(bucket, { recursive: true, force: true }))

type Answer = Readonly<Record<string, Readonly<Record<string, string>>>>

function scene() {
  const world = deployment()
  const [region] = world.regions
  if (region === undefined) throw new Error('no region')
  const ask = async (operation: string, input: object): Promise<Answer> =>
    (await sendRequest(region.endpoint, operation, { ...input })) as Answer
  return { world, region, archive: join(world.folder, region.name, 'node', 'archive'), ask }
}

type Scene = ReturnType<typeof scene>

async function backUp({ ask }: Scene, TableName: string): Promise<string> {
  const { BackupDetails } = await ask('CreateBackup', { TableName, BackupName: 'kept' })
  return BackupDetails?.['BackupArn'] ?? ''
}

async function isAvailable({ ask }: Scene, BackupArn: string): Promise<boolean> {
  const { BackupDescription } = await ask('DescribeBackup', { BackupArn })
  const details = BackupDescription?.['BackupDetails'] as unknown as Readonly<Record<string, string>>
  return details['BackupStatus'] === 'AVAILABLE'
}

async function isActive({ ask }: Scene, TableName: string): Promise<boolean> {
  const { Table } = await ask('DescribeTable', { TableName })
  return Table?.['TableStatus'] === 'ACTIVE'
}

/** Files that the node is about to write have no room: what it writes to them says ENOSPC. It has written a file before. */
function fillUp(archive: string, firstFile: number): () => void {
  const folder = join(archive, '.new')
  for (let file = firstFile; file < firstFile + 200; file++) symlinkSync('/dev/full', join(folder, String(file)))
  return () => {
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
  }
}

const retries = async (region: ChaosRegion, work: string): Promise<number> =>
  await region.metric('longitude_retries_total', `work="${work}"`)

/** A process that reads the file waits for ever. */
function stall(path: string): () => void {
  renameSync(path, `${path}.kept`)
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  return () => renameSync(`${path}.kept`, path)
}

const segmentsOf = (archive: string, arn: string): readonly string[] =>
  readdirSync(join(archive, 'backups', arn.slice(arn.lastIndexOf('/') + 1)))

it('a backup, a restore and an import are killed in their midst', { timeout }, async () => {
  const here = scene()
  const { world, region, archive, ask } = here
  await world.globalTable('empty')
  await world.globalTable('killed')
  await fill(region, 'killed', { items, bytes })
  const first = await backUp(here, 'empty')
  await until('a first backup is there', () => isAvailable(here, first))
  // Its manifest was the first file; the next one is the last that has room.
  fillUp(archive, 2)
  const backup = await backUp(here, 'killed')
  await until('the backup has begun and waits', async () => (await retries(region, 'backup')) > 0)
  expect(segmentsOf(archive, backup)).toEqual(['00000000'])
  await region.kill('node')
  await region.startNode()
  await until('the backup is there', () => isAvailable(here, backup))

  const restored = { BackupArn: backup, TargetTableName: 'restored' }
  const goOn = stall(join(archive, 'backups', backup.slice(backup.lastIndexOf('/') + 1), '00000001'))
  const { flushed } = await region.status()
  await ask('RestoreTableFromBackup', restored)
  await until('a part of it is written', async () => (await region.status()).flushed > flushed + 100)
  await region.kill('node')
  goOn()
  await region.startNode()
  await until('it is restored', () => isActive(here, 'restored'))
  expect(await countOf(region, 'restored')).toBe(items)

  const lines = (prefix: string): string =>
    Array.from({ length: 3000 }, (_, n) => `{"Item":{"id":{"S":"${prefix}${n}"}}}\n`).join('')
  for (const name of ['1', '2']) writeFileSync(join(bucket, `${name}.json`), lines(`${name}-`))
  const readOn = stall(join(bucket, '2.json'))
  const before = (await region.status()).flushed
  const { ImportTableDescription } = await ask('ImportTable', {
    S3BucketSource: { S3Bucket: 'in' },
    InputFormat: 'DYNAMODB_JSON',
    TableCreationParameters: {
      TableName: 'imported',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    },
  })
  await until('an object is read', async () => (await region.status()).flushed > before + 2900)
  await region.kill('node')
  readOn()
  await region.startNode()
  await until('it is imported', () => isActive(here, 'imported'))
  const ImportArn = ImportTableDescription?.['ImportArn']
  await until('it says so', async () => {
    const { ImportTableDescription: now } = await ask('DescribeImport', { ImportArn })
    if (now?.['ImportStatus'] === 'IN_PROGRESS') return false
    expect(now).toMatchObject({ ImportStatus: 'COMPLETED', ImportedItemCount: 6000, ErrorCount: 0 })
    return true
  })
  expect(await countOf(region, 'imported')).toBe(6000)
})

it(
  'the disk of the backups is full: the region goes on, and the backup and the archive do once there is room',
  { timeout },
  async () => {
    const here = scene()
    const { world, region, archive, ask } = here
    // The first file after a start.
    await region.kill('node')
    await region.startNode()
    await world.globalTable('other')
    const first = await backUp(here, 'other')
    await until('a first backup is there', () => isAvailable(here, first))
    const makeRoom = fillUp(archive, 1)
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
    await ask('UpdateContinuousBackups', { TableName: 'other', PointInTimeRecoverySpecification })
    await fill(region, 'other', { items: 300 })
    const backup = await backUp(here, 'other')
    await until('the backup waits', async () => (await retries(region, 'backup')) > 1)
    await ask('RestoreTableToPointInTime', {
      SourceTableName: 'other',
      TargetTableName: 'then',
      UseLatestRestorableTime: true,
    })
    await until('the archive waits', async () => (await retries(region, 'archive')) > 0)
    expect(region.story()).toMatch(/no space left on device/)
    expect(await region.isReady()).toBe(true)
    await fill(region, 'other', { items: 300, prefix: 'meanwhile-' })
    expect(await countOf(region, 'other')).toBe(600)
    makeRoom()
    await until('the backup is there', () => isAvailable(here, backup))
    await until('the table of then is there', () => isActive(here, 'then'))
    expect(await countOf(region, 'then')).toBe(300)
  },
)
