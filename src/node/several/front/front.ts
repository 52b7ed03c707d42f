/** The server at the public port of a node in a region of several: it stays, whatever the node's role. */
import { systemRandom } from '../../../adapters/system/random.ts'
import { type RunningServer, serveApi } from '../../../http/server.ts'
import { WorkerFront } from '../../../http/processes/worker-front.ts'
import type { Lifecycle } from '../../../region/lifecycle.ts'
import type { Around } from '../../around.ts'
import type { NodeOptions } from '../../node-options.ts'
import { listenOf, secureOf } from '../../own-region.ts'
import type { LeaderRoute } from './leader-route.ts'
import type { LocalReads } from './local-reads.ts'
import type { NodeWords } from '../node-words.ts'
import { openPrivateListener } from '../../private-port.ts'
import { choose } from './own-paths.ts'

type FrontOptions = {
  readonly options: NodeOptions
  readonly around: Pick<Around, 'clock' | 'prometheus'>
  readonly route: LeaderRoute
  readonly reads: LocalReads
  readonly words: Pick<NodeWords, 'readiness' | 'route' | 'measure'>
  /** Sets the gauges of the region that this node runs, if it does. */
  readonly measure: () => Promise<void>
  readonly life: Lifecycle
}

export async function serveFront({
  options,
  around,
  route,
  reads,
  words,
  measure,
  life,
}: FrontOptions): Promise<RunningServer> {
  const { clock, prometheus } = around
  const front: RunningServer = await serveApi({
    ...listenOf(options),
    ...secureOf(options),
    // Its policy is asked by the node that leads.
    privately: openPrivateListener({ ...options, privatePolicy: undefined }, life)?.listener,
    region: options.self.name,
    env: { clock, random: systemRandom, meter: prometheus },
    answer: reads.answer,
    front: (api) => new WorkerFront(api, route, reads),
    passOn: (socket, received, taken) => {
      choose(socket, received, {
        own: (ready, bytes) => {
          front.takeBack(ready, bytes)
          taken()
        },
        leaders: (ready, bytes) => route.takeOver(ready, bytes, taken),
      })
      return true
    },
    endsRest: true,
    readiness: () => words.readiness(),
    metrics: async () => {
      await measure()
      words.measure(prometheus)
      return { contentType: prometheus.contentType, text: await prometheus.render() }
    },
    admin: [words.route],
  })
  return front
}
