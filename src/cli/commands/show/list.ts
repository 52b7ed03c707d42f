/** `longitude list`: the deployments of this user that run on this machine. */
import { runningDeployments } from '../../../deployment/running-deployments.ts'
import { tableText } from '../../../process/table-text.ts'

export async function runList(json: boolean): Promise<void> {
  const deployments = runningDeployments().map(({ name, pid, data, basePort, regions, startedMs }) => ({
    name,
    regions,
    basePort,
    data,
    pid,
    startedAt: new Date(startedMs).toISOString(),
  }))
  if (json) console.log(JSON.stringify({ deployments }))
  else if (deployments.length === 0) console.log('no deployment runs; `longitude up` starts one')
  else
    console.log(
      tableText(
        ['NAME', 'REGIONS', 'BASE PORT', 'PROCESS', 'STARTED', 'FOLDER'],
        deployments.map(({ name, regions, basePort, data, pid, startedAt }) => [
          name,
          regions.join(', '),
          String(basePort),
          String(pid),
          startedAt,
          data,
        ]),
      ),
    )
  await Promise.resolve()
}
