/**
 * Terraform with its AWS provider against two regions: tables with an index, a stream, time to live, recovery, tags and a replica are made, found as they were asked for,
 * changed and destroyed, and the cluster of the caches is read by DAX's control plane. Terraform and the provider are no part of this project.
 *
 *   npm run test:terraform                       with `terraform` of the PATH, and the provider from its registry
 *   npm run test:terraform -- --mirror FOLDER    with the provider from a folder of `terraform providers mirror`
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const provider = '5.100.0'
/** That Terraform asks for; none of them says anything about a cache. */
const clusterArguments = [
  '  cluster_name       = "longitude"',
  '  iam_role_arn       = "arn:aws:iam::000000000000:role/any"',
  '  node_type          = "dax.r5.large"',
  '  replication_factor = 1',
]
const root = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({ options: { mirror: { type: 'string' } } })
if (spawnSync('terraform', ['version'], { stdio: 'ignore' }).error) {
  console.error('no terraform is in the PATH; nothing was tried')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'longitude-terraform-'))
const env = { ...process.env, CHECKPOINT_DISABLE: '1' }
const up = start()
const ended = new Promise((resolve) => {
  up.once('exit', resolve)
})
try {
  const { regions, services } = JSON.parse(await firstLine())
  const endpoints = { dynamodb: services.frontDoor, dax: regions[0].cache }
  if (values.mirror !== undefined) useMirror(values.mirror)
  configure(endpoints, 5)
  step('the provider is there', 'init')
  step('tables are made', 'apply', '-auto-approve')
  step('they are as they were asked for', 'plan', '-detailed-exitcode')
  configure(endpoints, 7)
  step('they are changed', 'apply', '-auto-approve')
  step('they are as they were changed to', 'plan', '-detailed-exitcode')
  step('they are destroyed', 'destroy', '-auto-approve')
  writeFileSync(join(folder, 'caches.tf'), `resource "aws_dax_cluster" "caches" {\n${clusterArguments.join('\n')}\n}\n`)
  step('the cluster of the caches is read', 'import', 'aws_dax_cluster.caches', 'longitude')
  const state = JSON.parse(readFileSync(join(folder, 'terraform.tfstate'), 'utf8'))
  const cluster = state.resources.find(({ type }) => type === 'aws_dax_cluster')
  assert.equal(`dax://${cluster.instances[0].attributes.configuration_endpoint}`, regions[0].dax)
  console.log('passed')
} finally {
  up.kill('SIGTERM')
  await ended
  rmSync(folder, { recursive: true, force: true })
}

function start() {
  const basePort = 10_000 + Math.floor(Math.random() * 2000) * 10
  const program = join(root, 'src', 'cli', 'longitude.mjs')
  const flags = ['--json', '--regions', 'us-east-1,eu-west-1', '--data', join(folder, 'data'), '--no-console']
  return spawn(process.execPath, [program, 'up', ...flags, '--base-port', String(basePort)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** What `up` prints once its regions are ready. What is built before comes first. */
function firstLine() {
  return new Promise((resolve, reject) => {
    let said = ''
    up.stdout.on('data', (chunk) => {
      said += chunk
      const line = said.split('\n').find((each) => each.startsWith('{') && each.endsWith('}'))
      if (line !== undefined) resolve(line)
    })
    void ended.then((status) => reject(new Error(`longitude up ended with ${status}`)))
  })
}

function useMirror(path) {
  env.TF_CLI_CONFIG_FILE = join(folder, 'terraformrc')
  const mirror = `  filesystem_mirror {\n    path = ${JSON.stringify(path)}\n  }\n`
  writeFileSync(env.TF_CLI_CONFIG_FILE, `provider_installation {\n${mirror}}\n`)
}

function configure({ dynamodb, dax }, units) {
  writeFileSync(
    join(folder, 'main.tf'),
    `terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "${provider}"
    }
  }
}
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "any"
  secret_key                  = "any"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints {
    dynamodb = "${dynamodb}"
    dax      = "${dax}"
  }
}
resource "aws_dynamodb_table" "orders" {
  name             = "Orders"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  range_key        = "at"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
${attribute('id', 'S')}${attribute('at', 'N')}${attribute('state', 'S')}  global_secondary_index {
    name            = "ByState"
    hash_key        = "state"
    projection_type = "ALL"
  }
  ttl {
    attribute_name = "ends"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = true
  }
  replica {
    region_name = "eu-west-1"
  }
  tags = { units = "${units}" }
}
resource "aws_dynamodb_table" "provisioned" {
  name           = "Provisioned"
  hash_key       = "id"
  read_capacity  = ${units}
  write_capacity = ${units}
${attribute('id', 'S')}}
`,
  )
}

function attribute(name, type) {
  return `  attribute {\n    name = "${name}"\n    type = "${type}"\n  }\n`
}

function step(title, ...args) {
  terraform(...args)
  console.log(`ok  ${title}`)
}

function terraform(command, ...args) {
  const options = args.filter((arg) => arg.startsWith('-'))
  const names = args.filter((arg) => !arg.startsWith('-'))
  const given = [command, '-no-color', ...options, ...names]
  const { status, stdout, stderr } = spawnSync('terraform', given, { cwd: folder, env, encoding: 'utf8' })
  assert.equal(status, 0, `terraform ${command}:\n${stdout}${stderr}`)
  return stdout
}
