/** A region is lost under load: the survivors say what of its acknowledged writes they have not got, and what became of it. */
import { expect, it } from 'vitest'
import type { ChaosRegion } from './chaos-region.ts'
import { fill } from './fill.ts'
import { Load } from './load.ts'
import { testMsMax } from './pace.ts'
import { sharedDeployment } from './shared.ts'
import { pause, until } from './until.ts'

const deployment = sharedDeployment()
/** By one client while the link is cut. The figure before the return also counts changes of settings, the one after it items alone. */
const written = 200
const timeout = testMsMax

type Silence = {
  readonly changes: number
  readonly arrived: number
  readonly outstanding: number
  readonly returnedMs?: number
  readonly sameLog?: boolean
}
type Missing = {
  readonly changes: number
  readonly asOfMs: number
  readonly others: readonly { readonly region: string; readonly changes: number }[]
  readonly silence?: Silence
}

async function missingIn(region: ChaosRegion, of: string): Promise<Missing | undefined> {
  return ((await region.peer(of)) as { missing?: Missing } | undefined)?.missing
}

it(
  'a survivor whose link was cut first lacks something, and another one that heard more says how much',
  { timeout },
  async () => {
    const world = deployment()
    const [lost, cutOff, linked] = world.regions as [ChaosRegion, ChaosRegion, ChaosRegion]
    await world.globalTable('lost')
    const load = new Load(world, 'lost')
    load.start()
    await pause(500)
    world.setLinks({ state: 'down' }, `${cutOff.name}..${lost.name}`, `${cutOff.name}..${linked.name}`)
    await fill(lost, 'lost', { items: written, prefix: 'not-there-' })
    let announced = 0
    await until('the linked survivor has heard what the other lacks', async () => {
      const said = (await missingIn(linked, lost.name))?.others.find(({ region }) => region === cutOff.name)
      announced = said?.changes ?? 0
      return announced >= written
    })
    await Promise.all([load.stop([lost]), lost.kill('node'), lost.kill('nats-server')])

    const status = async (): Promise<string> => (await world.operator('status')).output
    const line = new RegExp(
      `${lost.name} is silent: ${cutOff.name} lacks at least (\\d+) of its changes \\(the oldest from \\d{4}-[^)]+\\), as of [^,]+, when ${linked.name} heard it last`,
    )
    let [said, text] = [0, '']
    await until('status puts together what the survivors know', async () => {
      text = await status()
      said = Number(line.exec(text)?.[1] ?? 0)
      return said > 0
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}:\n${text}`)
    })
    expect(said).toBeGreaterThanOrEqual(announced)
    await linked.kill('node')
    await linked.startNode()
    await until('a survivor that has restarted still says it', async () => {
      const again = Number(line.exec(await status())?.[1] ?? 0)
      return again === said
    })

    world.heal()
    await lost.start()
    let silence: Silence | undefined
    await until('all of it has arrived', async () => {
      silence = (await missingIn(cutOff, lost.name))?.silence
      return silence?.returnedMs !== undefined && silence.outstanding === 0 && silence.arrived >= written
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: of ${said} ${JSON.stringify(silence)}`)
    })
    expect(silence?.sameLog).toBe(true)
    expect(await status()).toMatch(
      new RegExp(`${lost.name} was heard again at .*: of (\\d+) changes that ${cutOff.name} lacked \\1 arrived`),
    )
    load.resume([lost])
    await load.stop()
    await load.check()
  },
)
