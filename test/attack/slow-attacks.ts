/** What slow clients do: they hold connections, or what is held for them, and do as little as they can. Limits by name end their connections. */
import { httpText } from '../conformance/raw-socket.ts'
import { type Attack, type Entrance, headOf, many, scaled } from './acts.ts'
import { Line, note, pause, type Tally } from './line.ts'

/** All of them are made together, so that every slot of a port is taken. */
async function held(
  entrance: Entrance,
  tally: Tally,
  { count, holdMs, says }: { readonly count: number; readonly holdMs: number; readonly says: readonly string[] },
): Promise<void> {
  let n = 0
  await many(count, async () => {
    const said = says[n++ % says.length] ?? ''
    const line = new Line(entrance.endpoint, tally)
    if (said !== '') await Promise.race([line.write(said), pause(holdMs)])
    await pause(holdMs)
    note(tally, line.open ? 'still open' : 'let go')
    line.end()
  })
}

const scanOf = (entrance: Entrance): string => {
  const body = JSON.stringify({ TableName: 'attacked' })
  return httpText(entrance.headers('Scan', body), body)
}

export const slowAttacks: readonly Attack[] = [
  {
    name: '12,000 connections that say nothing, half a head or half a body',
    at: ['api', 'control', 'dax', 'nodes'],
    run: async (entrance, { part, holdMs }, tally) => {
      const head = headOf({ ...entrance.headers('GetItem', ''), 'Content-Length': '5000' })
      const says = ['', head.slice(0, 40), 'GET /health HTTP/1.1\r\nHost: ', `${head}{`]
      await held(entrance, tally, { count: scaled(12_000, part), holdMs, says })
    },
  },
  {
    name: 'connections that are made again as soon as they are let go',
    at: ['api', 'dax', 'nodes'],
    run: async (entrance, { part, holdMs }, tally) => {
      const end = performance.now() + holdMs
      await many(scaled(200, part), async () => {
        let made = 0
        while (performance.now() < end) {
          const line = new Line(entrance.endpoint, tally)
          await Promise.race([line.write('POST / HTTP/1.1\r\n'), pause(500)])
          line.end()
          made++
        }
        tally.set('made', (tally.get('made') ?? 0) + made)
      })
    },
  },
  {
    name: '200 replies of 1 MB, read a little now and then',
    at: ['api'],
    run: async (entrance, { part, holdMs }, tally) => {
      const scans = scanOf(entrance).repeat(5)
      await many(scaled(200, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        line.deafen()
        await Promise.race([line.write(scans), pause(holdMs)])
        const end = performance.now() + holdMs
        while (performance.now() < end && line.open) {
          line.sip()
          await pause(500)
        }
        note(tally, line.open ? 'still open' : 'let go')
        line.end()
      })
    },
  },
  {
    name: '1,000 clients that end their side and read nothing',
    at: ['api'],
    run: async (entrance, { part, holdMs }, tally) => {
      const scan = scanOf(entrance)
      await many(scaled(1000, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        line.deafen()
        await Promise.race([line.write(scan), pause(holdMs)])
        line.finish()
        await pause(holdMs)
        note(tally, line.open ? 'still open' : 'let go')
        line.end()
      })
    },
  },
  {
    name: '2,000 looks at health, readiness and metrics',
    at: ['api', 'control'],
    run: async (entrance, { part, holdMs }, tally) => {
      const looks = ['/health', '/ready', '/metrics'].map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      await many(scaled(100, part), async () => {
        const line = new Line(entrance.endpoint, tally)
        await line.write(looks.join('').repeat(7))
        await line.replies(7 * looks.length, holdMs)
        line.end()
      })
    },
  },
]
