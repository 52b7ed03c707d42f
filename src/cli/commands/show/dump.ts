/** `longitude dump TABLE`: the items of a table as DynamoDB's export writes them, to a folder or a bucket. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isInBucket } from '../../../load/places/bucket-files.ts'
import { dump } from '../../../load/dump.ts'
import { ProgressFile } from '../../../load/progress-file.ts'
import { Target } from '../../../load/loaded-tables.ts'
import { filesAt } from '../../options/files.ts'
import { placeOf } from '../../options/place.ts'

export async function runDump(command: Command, json: boolean): Promise<void> {
  const { region, to = '.' } = command.opts<{ region?: string; to?: string }>()
  const [table = ''] = command.args
  const from = new Target(placeOf(command, region))
  const folder = isInBucket(to) ? to : resolve(to)
  const place = filesAt(command, to)
  try {
    const onProgress = (items: number): void => {
      if (!json) console.error(`  ${items.toLocaleString('en')} items`)
    }
    const progress = new ProgressFile(process.cwd(), [folder, table, from.place], 'dump')
    const dumped = await dump({ from, table, files: place.files, folder, progress, onProgress })
    console.log(json ? JSON.stringify(dumped) : `  ${dumped.items} items of ${table} in ${dumped.folder}`)
  } finally {
    from.close()
    place.close()
  }
}
