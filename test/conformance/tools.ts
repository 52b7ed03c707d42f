/**
 * How tools that deploy send their requests: Terraform's AWS provider, ACK's controller for DynamoDB, and CloudFormation's handlers. Each is
 * told by what its sources (or, of CloudFormation, its public resource schema) say that it calls, in the order in which it calls it.
 */
import {
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeContributorInsightsCommand,
  DescribeKinesisStreamingDestinationCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetResourcePolicyCommand,
  ListTagsOfResourceCommand,
  type TableDescription,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { eventually } from '../replication/eventually.ts'

export type Change = Omit<UpdateTableCommandInput, 'TableName'>

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

/** Terraform and ACK try again for what passes by itself. */
async function insisting<Result>(send: () => Promise<Result>): Promise<Result> {
  const passing = ['ResourceInUseException', 'ThrottlingException', 'LimitExceededException']
  const end = performance.now() + 15_000
  for (;;) {
    try {
      return await send()
    } catch (error) {
      if (!passing.includes(nameOf(error)) || performance.now() > end) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What a tool keeps of a table: all that it reads, but for what changes by itself. */
export type Read = {
  readonly table: TableDescription
  readonly tags: Readonly<Record<string, string>>
  readonly timeToLive: unknown
  readonly backups: unknown
}

export class Tool {
  readonly client: DynamoDBClient
  readonly table: string

  constructor(client: DynamoDBClient, table: string) {
    this.client = client
    this.table = table
  }

  async describe(): Promise<TableDescription | undefined> {
    try {
      return (await this.client.send(new DescribeTableCommand({ TableName: this.table }))).Table
    } catch (error) {
      if (nameOf(error) === 'ResourceNotFoundException') return undefined
      throw error
    }
  }

  /** Of the table, and of each global index and replica, by DescribeTable alone. */
  active(): Promise<void> {
    return eventually(`${this.table} is settled`, async () => {
      const table = await this.describe()
      const indexes = table?.GlobalSecondaryIndexes ?? []
      const replicas = table?.Replicas ?? []
      const isWarm = [table, ...indexes].every((each) => (each?.WarmThroughput?.Status ?? 'ACTIVE') === 'ACTIVE')
      return (
        table?.TableStatus === 'ACTIVE' &&
        isWarm &&
        indexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE') &&
        replicas.every(({ ReplicaStatus }) => ReplicaStatus === 'ACTIVE') &&
        table.SSEDescription?.Status !== 'UPDATING'
      )
    })
  }

  async update(change: Change): Promise<void> {
    await insisting(() => this.client.send(new UpdateTableCommand({ TableName: this.table, ...change })))
    await this.active()
  }

  async expire(Enabled: boolean, AttributeName: string): Promise<void> {
    const TimeToLiveSpecification = { Enabled, AttributeName }
    await this.client.send(new UpdateTimeToLiveCommand({ TableName: this.table, TimeToLiveSpecification }))
    const wanted = Enabled ? 'ENABLED' : 'DISABLED'
    await eventually(`expiry is ${wanted}`, async () => {
      const told = await this.client.send(new DescribeTimeToLiveCommand({ TableName: this.table }))
      return told.TimeToLiveDescription?.TimeToLiveStatus === wanted
    })
  }

  async tags(): Promise<Readonly<Record<string, string>>> {
    const ResourceArn = (await this.describe())?.TableArn
    const { Tags = [] } = await this.client.send(new ListTagsOfResourceCommand({ ResourceArn }))
    return Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]))
  }

  /** Those that are to go first, then those that are new or differ. */
  async retag(wanted: Readonly<Record<string, string>>): Promise<void> {
    const ResourceArn = (await this.describe())?.TableArn
    const now = await this.tags()
    const TagKeys = Object.keys(now).filter((key) => !(key in wanted))
    const Tags = Object.entries(wanted).flatMap(([Key, Value]) => (now[Key] === Value ? [] : [{ Key, Value }]))
    if (TagKeys.length > 0) await insisting(() => this.client.send(new UntagResourceCommand({ ResourceArn, TagKeys })))
    if (Tags.length > 0) await insisting(() => this.client.send(new TagResourceCommand({ ResourceArn, Tags })))
  }

  async read(): Promise<Read> {
    const { client, table: TableName } = this
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    const { ContinuousBackupsDescription } = await client.send(new DescribeContinuousBackupsCommand({ TableName }))
    const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }))
    if (Table === undefined) throw new Error(`no table ${TableName}`)
    return {
      table: Table,
      tags: await this.tags(),
      timeToLive: TimeToLiveDescription,
      backups: ContinuousBackupsDescription,
    }
  }

  /** What ACK and CloudFormation read beside that; a policy that is not there is told by an error. */
  async readMore(): Promise<readonly unknown[]> {
    const { client, table: TableName } = this
    const insights = await client.send(new DescribeContributorInsightsCommand({ TableName }))
    const streaming = await client.send(new DescribeKinesisStreamingDestinationCommand({ TableName }))
    const ResourceArn = (await this.describe())?.TableArn
    const policy = await client.send(new GetResourcePolicyCommand({ ResourceArn })).then(
      ({ Policy }) => Policy,
      (error: unknown) => nameOf(error),
    )
    return [insights.ContributorInsightsStatus, streaming.KinesisDataStreamDestinations, policy]
  }

  async replicate(RegionName: string): Promise<void> {
    await this.update({ ReplicaUpdates: [{ Create: { RegionName } }] })
    await eventually(`a replica in ${RegionName}`, async () =>
      ((await this.describe())?.Replicas ?? []).some(
        (replica) => replica.RegionName === RegionName && replica.ReplicaStatus === 'ACTIVE',
      ),
    )
    await this.active()
  }

  async unreplicate(RegionName: string): Promise<void> {
    const ReplicaUpdates = [{ Delete: { RegionName } }]
    await insisting(() => this.client.send(new UpdateTableCommand({ TableName: this.table, ReplicaUpdates })))
    await eventually(`no replica in ${RegionName}`, async () =>
      ((await this.describe())?.Replicas ?? []).every((replica) => replica.RegionName !== RegionName),
    )
  }

  async destroy(): Promise<void> {
    await insisting(() => this.client.send(new DeleteTableCommand({ TableName: this.table })))
    await eventually(`${this.table} is gone`, async () => (await this.describe()) === undefined)
  }
}
