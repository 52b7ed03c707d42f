/** The jobs of the bench of copies: how each is begun, and how it is told that it is over. */
import { type Aim, call, pause } from './requests.ts'

/** Begins a job, and returns what says whether it is over. */
export type Begin = () => Promise<() => Promise<boolean>>

export const copiedTable = 'copied'
const tableArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${copiedTable}`
const segments = 4

export async function keepHistory(aim: Aim, TableName: string): Promise<void> {
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
  await call(aim, 'UpdateContinuousBackups', { TableName, PointInTimeRecoverySpecification })
}

/** Of one node; the results of earlier jobs are what later ones begin with. */
export class CopyJobs {
  readonly #aim: Aim
  #backupArn = ''
  #manifest = ''
  #made = 0

  constructor(aim: Aim) {
    this.#aim = aim
  }

  readonly backup: Begin = async () => {
    const { BackupDetails } = await call(this.#aim, 'CreateBackup', { TableName: copiedTable, BackupName: 'bench' })
    this.#backupArn = (BackupDetails as { readonly BackupArn: string }).BackupArn
    return async () => {
      const { BackupDescription } = await call(this.#aim, 'DescribeBackup', { BackupArn: this.#backupArn })
      return (
        (BackupDescription as { BackupDetails: { BackupStatus: string } }).BackupDetails.BackupStatus === 'AVAILABLE'
      )
    }
  }

  readonly restore: Begin = async () => {
    const TargetTableName = this.#newName()
    await call(this.#aim, 'RestoreTableFromBackup', { BackupArn: this.#backupArn, TargetTableName })
    return async () => await this.#isActive(TargetTableName)
  }

  readonly export: Begin = async () => {
    const wanted = { TableArn: tableArn, S3Bucket: 'out', S3Prefix: this.#newName() }
    const { ExportDescription } = await call(this.#aim, 'ExportTableToPointInTime', wanted)
    const { ExportArn } = ExportDescription as { readonly ExportArn: string }
    return async () => {
      const told = await call(this.#aim, 'DescribeExport', { ExportArn })
      const { ExportStatus, ExportManifest = '' } = told['ExportDescription'] as Record<string, string>
      this.#manifest = ExportManifest
      if (ExportStatus === 'FAILED') throw new Error('the export has failed')
      return ExportStatus === 'COMPLETED'
    }
  }

  readonly import: Begin = async () => {
    const TableName = this.#newName()
    await call(this.#aim, 'ImportTable', importOf(TableName, this.#manifest.replace('manifest-summary.json', 'data/')))
    return async () => await this.#isActive(TableName)
  }

  /** Of an index with all attributes of all items. */
  readonly backfill: Begin = async () => {
    const IndexName = this.#newName()
    await call(this.#aim, 'UpdateTable', {
      TableName: copiedTable,
      AttributeDefinitions: ['pk', 'sk', 'kind'].map(text),
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName,
            KeySchema: [{ AttributeName: 'kind', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    })
    return async () => {
      const { Table } = await call(this.#aim, 'DescribeTable', { TableName: copiedTable })
      const indexes = (Table as { GlobalSecondaryIndexes?: { IndexName: string; IndexStatus: string }[] })
        .GlobalSecondaryIndexes
      return indexes?.find((index) => index.IndexName === IndexName)?.IndexStatus === 'ACTIVE'
    }
  }

  /** A region that has none of the items yet makes a replica. */
  readonly join: Begin = async () => {
    const RegionName = 'eu-west-1'
    await call(this.#aim, 'UpdateTable', {
      TableName: copiedTable,
      ReplicaUpdates: [{ Create: { RegionName } }],
    })
    return async () => {
      const { Table } = await call(this.#aim, 'DescribeTable', { TableName: copiedTable })
      const replicas = (Table as { Replicas?: { RegionName: string; ReplicaStatus: string }[] }).Replicas
      return replicas?.find((replica) => replica.RegionName === RegionName)?.ReplicaStatus === 'ACTIVE'
    }
  }

  /** By four segments at the same time. */
  readonly scan: Begin = async () => {
    let left = segments
    let failed: unknown
    const all = Array.from({ length: segments }, (_, segment) => this.#scanned(segment).then(() => void left--))
    void Promise.all(all).catch((error: unknown) => (failed = error))
    await pause(0)
    return async () => {
      if (failed !== undefined) throw failed as Error
      await pause(0)
      return left === 0
    }
  }

  async #scanned(segment: number): Promise<void> {
    let from: object = {}
    for (;;) {
      const page = { TableName: copiedTable, TotalSegments: segments, Segment: segment, ...from }
      const { LastEvaluatedKey } = await call(this.#aim, 'Scan', page)
      if (LastEvaluatedKey === undefined) return
      from = { ExclusiveStartKey: LastEvaluatedKey }
    }
  }

  async #isActive(TableName: string): Promise<boolean> {
    try {
      const { Table } = await call(this.#aim, 'DescribeTable', { TableName })
      return (Table as { readonly TableStatus: string }).TableStatus === 'ACTIVE'
    } catch {
      return false
    }
  }

  #newName(): string {
    return `made-${++this.#made}`
  }
}

const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' })

function importOf(TableName: string, S3KeyPrefix: string): object {
  return {
    S3BucketSource: { S3Bucket: 'out', S3KeyPrefix },
    InputFormat: 'DYNAMODB_JSON',
    InputCompressionType: 'GZIP',
    TableCreationParameters: {
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk'].map(text),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    },
  }
}
