/** `longitude deployment`: a folder for each region, to be copied to its host; docs/operating/deployment.md goes on from there. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readOptions } from '../../configuration.ts'
import { optionsOf } from '../../options/of-commands.ts'
import { authorityFolder, writeDeployment } from '../../../deployment/deployment.ts'
import { Failure } from '../../../process/failure.ts'
import { readRegions } from '../../../deployment/regions.ts'
import { tableText } from '../../../process/table-text.ts'

export async function runDeployment(command: Command, json: boolean): Promise<void> {
  const options = readOptions(command, optionsOf.deployment)
  const known = readRegions()
  const names = options.hosts.map(({ region }) => known.named(region).name)
  if (new Set(names).size < names.length) throw new Failure('--hosts names a region twice')
  const out = resolve(options.out)
  const { renew = false, rotate = [] } = command.opts<{ renew?: boolean; rotate?: true | readonly string[] }>()
  const unknown = rotate === true ? [] : rotate.filter((region) => !names.includes(region))
  if (unknown.length > 0) throw new Failure(`--rotate names ${unknown.join(', ')}, and --hosts does not`)
  const written = await writeDeployment({ ...options, out, renew, rotate: rotate === true ? names : rotate })
  if (json) {
    console.log(JSON.stringify({ out, regions: written }))
    return
  }
  console.log(
    tableText(
      ['REGION', 'FOLDER', 'CERTIFICATES'],
      written.map(({ region, folder, certificates }) => [region, folder, certificates]),
    ),
  )
  console.log(
    `\nCopy each folder to its host as ${options.installed} and nowhere else: it holds the region’s keys. ` +
      `${out}/${authorityFolder} stays here; whoever has it can be any region.`,
  )
}
