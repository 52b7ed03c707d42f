import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import { createCluster } from '../../src/testing/cluster.ts'
import { readTables } from '../../src/testing/tables/read-tables.ts'
import { parseTemplate } from '../../src/testing/tables/yaml-template.ts'

const template = `
Parameters:
  Stage: { Type: String, Default: test }
Conditions:
  IsTest: !Equals [!Ref Stage, test]
  IsLive: !Not [Condition: IsTest]
Resources:
  Orders:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      TableName: !Sub "\${Stage}-orders"
      AttributeDefinitions:
        - { AttributeName: pk, AttributeType: S }
        - { AttributeName: sk, AttributeType: N }
      KeySchema:
        - { AttributeName: pk, KeyType: HASH }
        - { AttributeName: sk, KeyType: RANGE }
      StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
      TimeToLiveSpecification: { AttributeName: expires, Enabled: true }
      GlobalSecondaryIndexes:
        - IndexName: by-number
          KeySchema: [{ AttributeName: sk, KeyType: HASH }]
          Projection: { ProjectionType: ALL }
          WriteProvisionedThroughputSettings: { WriteCapacityAutoScalingSettings: { MinCapacity: 1 } }
      Replicas:
        - Region: us-east-1
        - Region: eu-west-1
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
  Sessions:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      ProvisionedThroughput: { ReadCapacityUnits: "5", WriteCapacityUnits: 5 }
      DeletionProtectionEnabled: !If [IsLive, true, !Ref "AWS::NoValue"]
  Simple:
    Type: AWS::Serverless::SimpleTable
    Properties: { PrimaryKey: { Name: number, Type: Number } }
  Live:
    Type: AWS::DynamoDB::Table
    Condition: IsLive
  Function: { Type: AWS::Lambda::Function }
`

describe('a CloudFormation or SAM template', () => {
  test('gives its tables, with the replicas that it names', () => {
    const [orders, sessions, simple, ...more] = readTables(parseTemplate(template), 'template.yaml')
    expect(more).toEqual([])
    expect(orders).toMatchObject({
      input: {
        TableName: 'test-orders',
        BillingMode: 'PAY_PER_REQUEST',
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-number',
            KeySchema: [{ AttributeName: 'sk', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      },
      home: 'us-east-1',
      replicas: ['eu-west-1'],
      timeToLive: 'expires',
      leftOut: ['test-orders: StreamSpecification'],
    })
    expect(sessions).toMatchObject({
      input: { TableName: 'Sessions', ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 } },
      replicas: [],
    })
    expect(sessions?.input).not.toHaveProperty('DeletionProtectionEnabled')
    expect(simple?.input).toEqual({
      TableName: 'Simple',
      AttributeDefinitions: [{ AttributeName: 'number', AttributeType: 'N' }],
      KeySchema: [{ AttributeName: 'number', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    })
  })

  const table = (properties: object, more: object = {}): object => ({
    ...more,
    Resources: { T: { Type: 'AWS::DynamoDB::Table', Properties: properties } },
  })
  test.each([
    [
      table({ TableName: { 'Fn::ImportValue': 'name' } }),
      't: Resources.T.Properties.TableName: Fn::ImportValue needs a stack, and there is none here; write the value itself',
    ],
    [
      table({ TableName: { Ref: 'Stage' } }, { Parameters: { Stage: { Type: 'String' } } }),
      't: Resources.T.Properties.TableName: the parameter Stage has no Default, and a cluster gives it no value',
    ],
    [table({ TableName: { Ref: 'X' } }), 't: Resources.T.Properties.TableName: there is no parameter or resource X'],
    [{ Resources: { F: { Type: 'AWS::Lambda::Function' } } }, 't: the template has no table'],
    [
      { Resources: { G: { Type: 'AWS::DynamoDB::GlobalTable' } } },
      't: Resources.G: a global table has at least one replica',
    ],
    [
      { Resources: { T: { Type: 'AWS::DynamoDB::Table', Condition: 'No' } } },
      't: Resources.T: there is no condition No',
    ],
    [
      { Conditions: { A: { Condition: 'A' } }, Resources: { T: { Type: 'AWS::DynamoDB::Table', Condition: 'A' } } },
      'Conditions.A: conditions are nested more than 50 levels deep',
    ],
  ])('that cannot be taken is refused with its place: %#', (document, message) => {
    expect(() => readTables(document, 't')).toThrow(message)
  })
})

describe('a Terraform plan', () => {
  const resource = (values: object, type = 'aws_dynamodb_table') => ({ address: `${type}.x`, type, values })
  const plan = (resources: object[], child_modules: object[] = []) => ({
    format_version: '1.2',
    planned_values: { root_module: { resources, child_modules } },
  })
  const orders = {
    name: 'orders',
    billing_mode: 'PROVISIONED',
    read_capacity: 5,
    write_capacity: 6,
    hash_key: 'pk',
    range_key: null,
    attribute: [
      { name: 'pk', type: 'S' },
      { name: 'by', type: 'S' },
    ],
    global_secondary_index: [
      {
        name: 'by',
        hash_key: 'by',
        range_key: '',
        projection_type: 'INCLUDE',
        non_key_attributes: ['total'],
        read_capacity: 1,
        write_capacity: 2,
      },
    ],
    replica: [{ region_name: 'eu-west-1', propagate_tags: false }],
    ttl: [{ attribute_name: 'expires', enabled: true }],
    stream_enabled: true,
    stream_view_type: null,
    tags: { team: 'a' },
  }

  test('gives the tables of all modules, and their items', () => {
    const item = resource({ table_name: 'orders', item: '{"pk":{"S":"a"}}' }, 'aws_dynamodb_table_item')
    expect(readTables(plan([item], [{ resources: [resource(orders)] }]), 'plan.json')).toEqual([
      {
        from: 'plan.json: aws_dynamodb_table.x',
        input: {
          TableName: 'orders',
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'by', AttributeType: 'S' },
          ],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          BillingMode: 'PROVISIONED',
          ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
          GlobalSecondaryIndexes: [
            {
              IndexName: 'by',
              KeySchema: [{ AttributeName: 'by', KeyType: 'HASH' }],
              Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['total'] },
              ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 2 },
            },
          ],
          Tags: [{ Key: 'team', Value: 'a' }],
        },
        replicas: ['eu-west-1'],
        timeToLive: 'expires',
        items: [{ pk: { S: 'a' } }],
        leftOut: ['orders: stream_enabled'],
      },
    ])
  })

  test.each([
    [plan([]), 'p: the plan has no aws_dynamodb_table'],
    [plan([resource({ ...orders, name: null })]), 'p: aws_dynamodb_table.x: name is not known'],
    [plan([resource(orders), resource({}, 'aws_dynamodb_table_replica')]), 'write it as a replica block of the table'],
    [
      plan([resource(orders), resource({ table_name: 'orders', item: '{' }, 'aws_dynamodb_table_item')]),
      'p: aws_dynamodb_table_item.x: item is not JSON',
    ],
  ])('that cannot be taken is refused with its place: %#', (document, message) => {
    expect(() => readTables(document, 'p')).toThrow(message)
  })
})

describe('a model of NoSQL Workbench', () => {
  const key = (PartitionKey: object, SortKey?: object) => ({
    KeyAttributes: { PartitionKey, ...(SortKey && { SortKey }) },
  })
  const model = {
    ModelName: 'Shop',
    DataModel: [
      {
        TableName: 'Orders',
        ...key({ AttributeName: 'pk', AttributeType: 'S' }, { AttributeName: 'sk', AttributeType: 'N' }),
        NonKeyAttributes: [{ AttributeName: 'total', AttributeType: 'N' }],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-number',
            ...key({ AttributeName: 'sk', AttributeType: 'N' }),
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        TableData: [{ pk: { S: 'a' }, sk: { N: '1' } }],
        BillingMode: 'PROVISIONED',
      },
    ],
  }

  test('gives its tables, with their sample data, in every region', () => {
    expect(readTables(model, 'm')).toMatchObject([
      {
        input: {
          TableName: 'Orders',
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: 'N' },
          ],
          BillingMode: 'PAY_PER_REQUEST',
        },
        replicas: 'every',
        items: [{ pk: { S: 'a' }, sk: { N: '1' } }],
        leftOut: ['Orders: BillingMode'],
      },
    ])
  })

  test('that cannot be taken is refused with its place', () => {
    expect(() => readTables({ DataModel: [] }, 'm')).toThrow('m: the model has no table')
    expect(() => readTables({ DataModel: [{ TableName: 'T' }] }, 'm')).toThrow(
      'm.DataModel[0].KeyAttributes is no object',
    )
  })

  test('and a template become tables of a cluster, from files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'longitude-tables-'))
    try {
      const [yaml, json] = [join(folder, 'template.yaml'), join(folder, 'model.json')]
      writeFileSync(yaml, template)
      writeFileSync(json, JSON.stringify(model))
      expect(JSON.parse(readFileSync(json, 'utf8'))).toEqual(model)
      const regions = ['us-east-1', 'eu-west-1']
      await using cluster = await createCluster({ regions, clock: 'manual', tables: [{ file: yaml }, { file: json }] })
      const dublin = new DynamoDBClient(cluster.client('eu-west-1'))
      const { Table } = await dublin.send(new DescribeTableCommand({ TableName: 'test-orders' }))
      expect(Table).toMatchObject({ TableStatus: 'ACTIVE', GlobalSecondaryIndexes: [{ IndexStatus: 'ACTIVE' }] })
      expect((await dublin.send(new ScanCommand({ TableName: 'Orders' }))).Count).toBe(1)
      await expect(dublin.send(new DescribeTableCommand({ TableName: 'Sessions' }))).rejects.toThrow('not found')
      expect(cluster.leftOut).toContain('test-orders: StreamSpecification')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

test('what has none of these forms is refused with the forms', () => {
  expect(() => readTables([], 'x')).toThrow('x is no object')
  expect(() => readTables({}, 'x')).toThrow('x is none of the forms that are known here')
})

test('a file that cannot be read is named', async () => {
  await expect(createCluster({ tables: [{ file: '/nowhere.yaml' }] })).rejects.toThrow('/nowhere.yaml cannot be read')
})
