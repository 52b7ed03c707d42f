/** `longitude dump TABLE`: the items of a table as DynamoDB's export writes them. */
import type { Command } from 'commander'
import { dump } from '../../../load/dump.ts'
import { Target } from '../../../load/target.ts'
import { placeOf } from '../../options/place.ts'

export async function runDump(command: Command, json: boolean): Promise<void> {
  const { region, to = '.' } = command.opts<{ region?: string; to?: string }>()
  const [table = ''] = command.args
  const from = new Target(placeOf(command, region))
  try {
    const onProgress = (items: number): void => {
      if (!json) console.error(`  ${items.toLocaleString('en')} items`)
    }
    const dumped = await dump({ from, table, folder: to, onProgress })
    console.log(json ? JSON.stringify(dumped) : `  ${dumped.items} items of ${table} in ${dumped.folder}`)
  } finally {
    from.close()
  }
}
