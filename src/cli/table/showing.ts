/** The commands that tell what is. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow } from './command-row.ts'

const watermarkAge = {
  flags: '--watermark-age-max <duration>',
  help: 'an older watermark proves nothing: exit status 2 (default: 10s)',
}

export const showing: readonly CommandRow[] = [
  {
    name: 'status',
    description: 'show regions, links, lag and health',
    flags: [
      { flags: '--check', help: 'exit status 1 when a region is not ready, 2 when one does not answer' },
      { flags: '--compose <file>', help: 'of all regions of this Compose file, by Docker' },
      { flags: '--project <name>', help: 'of Compose, when it is not the one of the file' },
    ],
    options: optionsOf.status,
    examples: [
      ['longitude status', 'of the deployment that runs'],
      ['longitude status --check --json', 'for a script'],
      ['longitude status --compose deploy/compose.yaml', 'of all containers together'],
    ],
    run: async (command, json) => {
      const { runStatus } = await import('../commands/show/status.ts')
      await runStatus(command, json)
    },
  },
  {
    name: 'list',
    description: 'list the deployments that you run on this machine',
    options: [],
    examples: [['longitude list', 'names, folders and ports']],
    run: async (_command, json) => {
      const { runList } = await import('../commands/show/list.ts')
      await runList(json)
    },
  },
  {
    name: 'env',
    arguments: '[region-or-city]',
    description: 'print what a shell must set so that AWS SDKs and the aws CLI use a region',
    flags: [
      {
        flags: '--shell <shell>',
        help: 'sh, fish or powershell (default: by the variable SHELL)',
        values: ['sh', 'fish', 'powershell'],
      },
      {
        flags: '--with-secret [access-key-id]',
        help: 'also the secret of the first access key of the deployment’s file, or of this one',
      },
    ],
    options: optionsOf.status,
    examples: [
      ['eval "$(longitude env tokyo)"', 'a region, by its name or its city'],
      ['eval "$(longitude env)"', 'the front door: every region, by the signature'],
      ['longitude env eu-west-1 --shell fish | source', 'in fish'],
      ['longitude env tokyo --shell powershell | Invoke-Expression', 'in PowerShell'],
    ],
    run: async (command, json) => {
      const { runEnv } = await import('../commands/show/env.ts')
      await runEnv(command, json)
    },
  },
  {
    name: 'ports',
    description: 'list every port of a deployment, with what it is for',
    options: optionsOf.ports,
    examples: [
      ['longitude ports', 'of the deployment that runs, or of the one that `up` would run'],
      ['longitude ports --base-port 9000 --regions us-east-1,eu-west-1', 'before it runs'],
    ],
    run: async (command, json) => {
      const { runPorts } = await import('../commands/show/ports.ts')
      await runPorts(command, json)
    },
  },
  {
    name: 'cost',
    description: 'estimate what the observed workload would cost on AWS in a month, and say what is not known',
    flags: [
      { flags: '--prices <file>', help: 'prices to go by instead of deploy/prices/aws.json, in its form' },
      { flags: '--over <duration>', help: 'how much of the past is looked at: 1h, 7d, at most 15d', usual: '7d' },
    ],
    options: optionsOf.status,
    examples: [
      ['longitude cost', 'by region, table and dimension, on demand and provisioned'],
      ['longitude cost --over 1h --prices ours.json --json', 'of the last hour, with prices of your own'],
    ],
    run: async (command, json) => {
      const { runCost } = await import('../commands/show/cost.ts')
      await runCost(command, json)
    },
  },
  {
    name: 'conflicts',
    arguments: '<table>',
    description: 'show the writes that lost last-writer-wins',
    flags: [
      { flags: '--follow', help: 'go on with those to come' },
      { flags: '--region <name>', help: 'those of one region only, as met there' },
    ],
    options: optionsOf.status,
    examples: [
      ['longitude conflicts Orders', 'each lost write, once'],
      ['longitude conflicts Orders --follow --json', 'a line of JSON for each, as they are met'],
    ],
    run: async (command, json) => {
      const { runConflicts } = await import('../commands/show/conflicts.ts')
      await runConflicts(command, json)
    },
  },
  {
    name: 'dump',
    arguments: '<table>',
    description: 'write the items of a table to a folder or s3://, as an export of AWS does',
    flags: [
      { flags: '--to <place>', help: 'where the export goes: a folder, or s3://BUCKET/PREFIX', usual: '.' },
      { flags: '--region <name>', help: 'the region whose table it is (default: the first)' },
    ],
    options: optionsOf.items,
    examples: [['longitude dump Orders --to ./exports', 'ready for `longitude load`']],
    run: async (command, json) => {
      const { runDump } = await import('../commands/show/dump.ts')
      await runDump(command, json)
    },
  },
  {
    name: 'diagnose',
    description:
      'write one archive for those who are asked for help: status, configuration, versions, log, metrics, and no secret',
    flags: [{ flags: '--out <file>', help: 'where it is written (default: longitude-diagnosis-TIME.tar.gz here)' }],
    options: optionsOf.status,
    examples: [
      ['longitude diagnose', 'of the deployment that runs'],
      ['longitude diagnose --name shop --out shop.tar.gz', 'of one of several'],
    ],
    run: async (command, json) => {
      const { runDiagnose } = await import('../commands/show/diagnose.ts')
      await runDiagnose(command, json)
    },
  },
  {
    name: 'triggers',
    description: 'show what is sent to functions: state, lag and last result of each trigger',
    options: optionsOf.status,
    examples: [
      ['longitude triggers', 'of every region'],
      ['longitude triggers --json', 'for a script'],
    ],
    run: async (command, json) => {
      const { runTriggers } = await import('../commands/show/triggers.ts')
      await runTriggers(command, json)
    },
  },
  { name: 'streams', description: 'change streams of tables', options: [], examples: [] },
  {
    name: 'streams tail',
    arguments: '<table>',
    description: 'follow the change stream of a table in one region, each record a line of JSON',
    flags: [
      {
        flags: '--from <where>',
        help: 'oldest: all that can be read; now: what is to come (default: now)',
        values: ['oldest', 'now'],
      },
      { flags: '--region <name>', help: 'the region whose stream it is (default: the first)' },
    ],
    options: optionsOf.status,
    examples: [
      ['longitude streams tail Orders', 'from now on'],
      ['longitude streams tail Orders --from oldest --region eu-west-1', 'all that can be read there'],
    ],
    run: async (command, json) => {
      const { runStreamsTail } = await import('../commands/show/streams.ts')
      await runStreamsTail(command, json)
    },
  },
  {
    name: 'verify',
    arguments: '<table>',
    description: 'compare all replicas of a table; exit status 0 equal, 1 different, 2 not known or an old watermark',
    flags: [watermarkAge],
    options: optionsOf.status,
    examples: [['longitude verify Orders', 'while writes go on']],
    run: async (command, json) => {
      const { runVerify } = await import('../commands/show/verify.ts')
      await runVerify(command, json)
    },
  },
]

export const repairing: readonly CommandRow[] = [
  {
    name: 'repair',
    arguments: '<table>',
    description: 'mend what replicas differ in, and compare again; exit status as of verify',
    flags: [watermarkAge],
    options: optionsOf.status,
    examples: [['longitude repair Orders', 'each region puts its own replica right']],
    run: async (command, json) => {
      const { runRepair } = await import('../commands/show/verify.ts')
      await runRepair(command, json)
    },
  },
]
