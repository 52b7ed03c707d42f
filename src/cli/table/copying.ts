/** The commands that copy a whole region, and put a copy in its place. */
import { optionsOf } from '../options/of-commands.ts'
import type { CommandRow, Flag } from './command-row.ts'

const folder: Flag = {
  flags: '--folder <folder>',
  help: 'the data folder of the region’s node, as `longitude node --data` has it; that of `longitude up` when not given',
}

export const copying: readonly CommandRow[] = [
  { name: 'backup', description: 'copies of whole regions', options: [], examples: [] },
  {
    name: 'backup region',
    arguments: '<region>',
    description: 'copy a whole region, while it runs: its store, and its backups where they lie beside it',
    flags: [
      { flags: '--to <place>', help: 'a folder, or s3://BUCKET/PREFIX of a bucket that --s3 maps (required)' },
      folder,
    ],
    options: optionsOf.regionCopies,
    examples: [
      ['longitude backup region us-east-1 --to /mnt/copies', 'on the machine of the region'],
      ['longitude backup region us-east-1 --to s3://copies/shop --s3 copies=https://s3.example.com', 'to a bucket'],
    ],
    run: async (command, json) => {
      const { runBackupRegion } = await import('../commands/change/region-copies.ts')
      await runBackupRegion(command, json)
    },
  },
  {
    name: 'backup list',
    arguments: '<region>',
    description: 'list the copies of a region',
    flags: [{ flags: '--from <place>', help: 'where they lie (required)' }],
    options: optionsOf.regionCopies,
    examples: [['longitude backup list us-east-1 --from /mnt/copies', 'the oldest first']],
    run: async (command, json) => {
      const { runBackupList } = await import('../commands/change/region-copies.ts')
      await runBackupList(command, json)
    },
  },
  { name: 'restore', description: 'whole regions from their copies', options: [], examples: [] },
  {
    name: 'restore region',
    arguments: '<region>',
    description: 'put a copy of a whole region into an empty folder; when it starts, its peers fill in what is newer',
    flags: [
      { flags: '--from <place>', help: 'where its copies lie (required)' },
      { flags: '--id <id>', help: 'which copy; the newest whole one when not given' },
      folder,
    ],
    options: optionsOf.regionCopies,
    examples: [
      ['longitude restore region us-east-1 --from /mnt/copies --data ./data', 'before `longitude up --data ./data`'],
      [
        'longitude restore region us-east-1 --from /mnt/copies --folder /var/lib/longitude/node',
        'on a host of its own',
      ],
    ],
    run: async (command, json) => {
      const { runRestoreRegion } = await import('../commands/change/region-copies.ts')
      await runRestoreRegion(command, json)
    },
  },
]
