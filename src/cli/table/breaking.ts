/** The commands that break a region's API on purpose. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow } from './command-row.ts'

export const breaking: readonly CommandRow[] = [
  { name: 'faults', description: 'faults of the regions’ APIs, set on purpose', options: [], examples: [] },
  {
    name: 'faults set',
    arguments: '<region...>',
    description: 'break requests of regions (or all): one kind of fault, for some requests, for a time',
    flags: [
      { flags: '--throttle', help: 'throttled, with AWS’s exception and reasons' },
      { flags: '--error', help: '500 InternalServerError' },
      { flags: '--unavailable', help: '503 ServiceUnavailable' },
      { flags: '--timeout [time]', help: 'no answer for so long (30s), then the connection is closed' },
      { flags: '--slow <delay>', help: '50ms, 20ms..80ms, 50ms±10ms or p50=20ms,p99=900ms longer' },
      { flags: '--reset', help: 'the connection is reset' },
      { flags: '--stale [age]', help: 'eventual reads answer with what was there so long ago (2s)' },
      { flags: '--partial [share]', help: 'a share of a batch (50%) is left unprocessed' },
      { flags: '--conflict', help: 'transactions are cancelled and writes refused for a conflict' },
      { flags: '--after', help: 'the request is done, and then its answer is lost or late' },
      { flags: '--operation <names>', help: 'such as PutItem,UpdateItem' },
      { flags: '--table <names>', help: 'separated by commas' },
      { flags: '--index <names>', help: 'reads by it, and writes that may change it' },
      { flags: '--key-prefix <text>', help: 'what the partition key begins with' },
      { flags: '--hashes <range>', help: 'a part of the hash space, such as 0%..25%' },
      { flags: '--share <percent>', help: 'of these requests', usual: '100%' },
      {
        flags: '--reason <cause>',
        help: 'of a throttle; by the billing mode when not given',
        values: ['ProvisionedThroughput', 'KeyRangeThroughput', 'MaxOnDemandThroughput', 'AccountLimit'],
      },
      { flags: '--for <duration>', help: 'ends by itself after 90s, 5m or PT5M', usual: '10m' },
      { flags: '--owner <name>', help: 'whose fault this is', usual: 'operator' },
      { flags: '--seed <number>', help: 'the same seed strikes the same requests' },
    ],
    options: optionsOf.status,
    examples: [
      ['longitude faults set us-east-1 --throttle --operation PutItem --share 20% --for 5m', 'one write in five'],
      ['longitude faults set eu-west-1 --timeout 20s --after --table Orders', 'writes are done, their answers lost'],
      ['longitude faults set all --slow p50=20ms,p99=900ms', 'a long tail, everywhere'],
    ],
    run: async (command, json) => {
      const { runFaultsSet } = await import('../commands/change/faults.ts')
      await runFaultsSet(command, json)
    },
  },
  {
    name: 'faults list',
    arguments: '[region...]',
    description: 'show the faults that are set, and how many requests each has struck',
    options: optionsOf.status,
    examples: [['longitude faults list', 'of all regions']],
    run: async (command, json) => {
      const { runFaultsList } = await import('../commands/change/faults.ts')
      await runFaultsList(command, json)
    },
  },
  {
    name: 'faults clear',
    arguments: '[region...]',
    description: 'end faults; requests that they hold go on at once',
    flags: [
      { flags: '--owner <name>', help: 'only those of an owner' },
      { flags: '--id <id>', help: 'only this one' },
    ],
    options: optionsOf.status,
    examples: [
      ['longitude faults clear', 'everywhere'],
      ['longitude faults clear us-east-1 --owner me', 'of one owner, in one region'],
    ],
    run: async (command, json) => {
      const { runFaultsClear } = await import('../commands/change/faults.ts')
      await runFaultsClear(command, json)
    },
  },
]
