/** The commands that change something of what runs. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow } from './command-row.ts'

const evacuating = [
  { flags: '--owner <name>', help: 'who orders it', usual: 'operator' },
  { flags: '--front-door-url <url>', help: 'a front door that is not that of `longitude up`' },
]
const link = { flags: '--link <a..b>', help: 'everything between two regions' }

export const changing: readonly CommandRow[] = [
  {
    name: 'writers',
    arguments: '<table> [region...]',
    description: 'show or set the regions that take writes of a table; in the others they are refused',
    flags: [{ flags: '--any', help: 'every region writes again' }],
    options: optionsOf.status,
    examples: [
      ['longitude writers Orders us-east-1', 'one region writes, and all read'],
      ['longitude writers Orders eu-west-1', 'another one, as when the first is lost'],
      ['longitude writers Orders --any', 'every region writes again'],
    ],
    run: async (command, json) => {
      const { runWriters } = await import('../commands/change/writers.ts')
      await runWriters(command, json)
    },
  },
  {
    name: 'pause',
    arguments: '[table]',
    description: 'pause replication of a table or of a link',
    flags: [{ flags: '--for <duration>', help: 'such as 90s, 5m or PT5M' }, link],
    options: optionsOf.status,
    examples: [
      ['longitude pause Orders --for 5m', 'of a table, in all regions'],
      ['longitude pause --link us-east-1..eu-west-1 --for 90s', 'of everything between two regions'],
    ],
    run: async (command, json) => {
      const { runPause } = await import('../commands/change/pause.ts')
      await runPause(command, json)
    },
  },
  {
    name: 'resume',
    arguments: '[table]',
    description: 'resume what was paused, before its time',
    flags: [link],
    options: optionsOf.status,
    examples: [['longitude resume Orders', 'and what was written meanwhile arrives']],
    run: async (command, json) => {
      const { runResume } = await import('../commands/change/pause.ts')
      await runResume(command, json)
    },
  },
  {
    name: 'links',
    description: 'show the links between the regions',
    options: optionsOf.links,
    examples: [
      ['longitude links', 'distances, and what breaks them'],
      ['longitude links --control http://127.0.0.1:8199', 'of containers'],
    ],
    run: async (command, json) => {
      const { runLinks } = await import('../commands/change/links.ts')
      await runLinks(command, json)
    },
  },
  {
    name: 'links set',
    arguments: '<link...>',
    description: 'change links while they run: a..b (both ways), a>b (one), a..all, all',
    flags: [
      { flags: '--down', help: 'a black hole: nothing comes through and nobody is told' },
      { flags: '--for <duration>', help: 'ends by itself after 90s, 5m or PT5M' },
      { flags: '--up', help: 'end --down and --reset' },
      { flags: '--reset', help: 'break connections and refuse new ones' },
      { flags: '--rtt <time>', help: 'round trip, such as 120ms' },
      { flags: '--jitter <time>', help: 'the round trip varies by so much to either side' },
      { flags: '--bandwidth <rate>', help: 'such as 50mbit, or none' },
      { flags: '--stall <share/time>', help: 'such as 5%/300ms, or none' },
      { flags: '--one-way', help: 'a..b means only what travels from a to b' },
      { flags: '--owner <name>', help: 'whose fault this is' },
    ],
    options: optionsOf.links,
    examples: [
      ['longitude links set us-east-1..eu-west-1 --down --for 30s', 'cut, and healed by itself'],
      ["longitude links set 'us-east-1>ap-northeast-1' --rtt 400ms --bandwidth 2mbit", 'slow in one direction'],
      ['longitude links set us-east-1..all --reset', 'a region alone, and told so'],
    ],
    run: async (command, json) => {
      const { runLinksSet } = await import('../commands/change/links.ts')
      await runLinksSet(command, json)
    },
  },
  {
    name: 'links heal',
    arguments: '[link...]',
    description: 'end all faults',
    flags: [{ flags: '--owner <name>', help: 'only those of an owner' }],
    options: optionsOf.links,
    examples: [
      ['longitude links heal', 'everywhere'],
      ['longitude links heal us-east-1..eu-west-1', 'between two regions'],
    ],
    run: async (command, json) => {
      const { runLinksHeal } = await import('../commands/change/links.ts')
      await runLinksHeal(command, json)
    },
  },
  {
    name: 'links run',
    description: 'carry links: the process that `up` and the containers run',
    options: optionsOf.linksRun,
    examples: [['longitude links run --link us-east-1..eu-west-1=4312:10.0.0.2:4222', 'one of them']],
    run: async (command, json) => {
      const { runLinksRole } = await import('../commands/run/links-role.ts')
      await runLinksRole(command, json)
    },
  },
  {
    name: 'evacuate',
    arguments: '<region>',
    description: 'fence a region’s writes, wait until another region has everything, and let that stand in for it',
    flags: [
      { flags: '--to <region>', help: 'the region that stands in; the nearest when not given' },
      { flags: '--within <duration>', help: 'else the fence is taken away again', usual: '60s' },
      { flags: '--leave-tables', help: 'also when the other region lacks tables of this one' },
      ...evacuating,
    ],
    options: optionsOf.status,
    examples: [
      ['longitude evacuate us-east-1', 'to the nearest region'],
      ['longitude evacuate us-east-1 --to eu-west-1 --within 5m', 'and its proof'],
    ],
    run: async (command, json) => {
      const { runEvacuate } = await import('../commands/change/evacuate.ts')
      await runEvacuate(command, json)
    },
  },
  {
    name: 'readmit',
    arguments: '<region>',
    description: 'take an evacuated region back, once it has caught up',
    flags: [{ flags: '--within <duration>', help: 'else it stays evacuated', usual: '60s' }, ...evacuating],
    options: optionsOf.status,
    examples: [['longitude readmit us-east-1', 'also after an evacuation that was killed half-way']],
    run: async (command, json) => {
      const { runReadmit } = await import('../commands/change/evacuate.ts')
      await runReadmit(command, json)
    },
  },
  { name: 'replicas', description: 'replicas of tables, for operators', options: [], examples: [] },
  {
    name: 'replicas remove',
    arguments: '<table> <region>',
    description: 'remove a replica; with --force also one that a lost region keeps CREATING',
    flags: [{ flags: '--force', help: 'also while the table is UPDATING' }],
    options: optionsOf.status,
    examples: [['longitude replicas remove Orders eu-west-1 --force', 'of a region that is lost']],
    run: async (command, json) => {
      const { runReplicasRemove } = await import('../commands/change/replicas.ts')
      await runReplicasRemove(command, json)
    },
  },
  {
    name: 'load',
    arguments: '[path]',
    description:
      'load items from a file, a folder or s3:// (exports, JSON lines, CSV, Ion, batch-write requests, Workbench models) or from another endpoint',
    flags: [
      { flags: '--table <name>', help: 'of items that do not say their table' },
      { flags: '--region <region>', help: 'the region that is loaded into; the first when not given' },
      { flags: '--from-endpoint <url>', help: 'read the tables of this endpoint instead of files' },
      { flags: '--schema <file>', help: 'make the tables that this describes: CreateTable, template, plan or model' },
      { flags: '--delimiter <character>', help: 'of CSV', usual: ',' },
      { flags: '--header <names>', help: 'columns of CSV without a header row, separated by commas' },
    ],
    options: optionsOf.items,
    examples: [
      ['longitude load ./AWSDynamoDB/01700000000000-0123abcd', 'an export of AWS into the table of its name'],
      ['longitude load people.csv --table People', 'CSV with a header row'],
      ['longitude load s3://exports/nightly --s3 exports=https://s3.example.com', 'an export in a bucket'],
      ['longitude load --from-endpoint http://127.0.0.1:8888', 'all tables of DynamoDB Local'],
    ],
    run: async (command, json) => {
      const { runLoad } = await import('../commands/change/load.ts')
      await runLoad(command, json)
    },
  },
  { name: 'ttl', description: 'items that expire', options: [], examples: [] },
  {
    name: 'ttl run',
    arguments: '<table>',
    description: 'delete now, in every region, what it would have deleted by a time',
    flags: [
      {
        flags: '--at <time>',
        help: 'seconds since 1970 or a date such as 2027-01-31T12:00:00Z; now when not given',
      },
    ],
    options: optionsOf.status,
    examples: [
      ['longitude ttl run Sessions', 'what has expired by now'],
      ['longitude ttl run Sessions --at 2027-01-31T12:00:00Z', 'what will have expired by then'],
    ],
    run: async (command, json) => {
      const { runTtl } = await import('../commands/change/ttl.ts')
      await runTtl(command, json)
    },
  },
]
