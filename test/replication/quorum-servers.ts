/** Quorum servers of a test, one a region, with the configuration that a deployment gives them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nkeyAuthenticator, nkeys } from '@nats-io/transport-node'
import { NatsQuorum } from '../../src/adapters/nats/quorum/nats-quorum.ts'
import type { NatsServer } from '../../src/adapters/nats/nats-connect.ts'
import { quorumSettings } from '../../src/deployment/secrets/nats/quorum-settings.ts'
import type { Meter } from '../../src/ports/meter.ts'
import { freePorts } from '../free-port.ts'
import { quiet } from './nats.ts'

type Member = { readonly port: number; readonly routePort: number; readonly seed: Uint8Array; process?: ChildProcess }

export class QuorumServers {
  readonly regions: readonly string[]
  /** The port at which one region's server finds the routes of another's. */
  routeTo = (_from: string, to: string): number => this.routePort(to)
  readonly #binary: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'longitude-quorum-'))
  readonly #members: ReadonlyMap<string, Member>

  private constructor(binary: string, members: ReadonlyMap<string, Member>) {
    this.#binary = binary
    this.#members = members
    this.regions = [...members.keys()]
  }

  static async start(binary: string, regions: readonly string[]): Promise<QuorumServers> {
    const servers = await QuorumServers.prepare(binary, regions)
    for (const region of regions) servers.start(region)
    return servers
  }

  /** With ports of their own, and not started yet. */
  static async prepare(binary: string, regions: readonly string[]): Promise<QuorumServers> {
    const ports = await freePorts(2 * regions.length)
    const members = regions.map((region, index): [string, Member] => [
      region,
      { port: ports[2 * index] ?? 0, routePort: ports[2 * index + 1] ?? 0, seed: nkeys.createUser().getSeed() },
    ])
    return new QuorumServers(binary, new Map(members))
  }

  routePort(region: string): number {
    return this.#member(region).routePort
  }

  /** The region's side of the quorum, as its node has it. */
  quorum(region: string, meter?: Meter): NatsQuorum {
    const server = this.server(region)
    const measured = meter === undefined ? {} : { meter }
    return new NatsQuorum({ self: region, server, regions: () => this.regions, log: quiet, ...measured })
  }

  server(region: string): NatsServer {
    const { port, seed } = this.#member(region)
    return { url: `nats://127.0.0.1:${port}`, credentials: { authenticator: nkeyAuthenticator(seed) } }
  }

  start(region: string): void {
    const { port, routePort, seed } = this.#member(region)
    const lines = quorumSettings({
      region,
      regions: this.regions,
      node: { nkey: nkeys.fromSeed(seed).getPublicKey() },
      listen: `127.0.0.1:${port}`,
      store: join(this.#folder, region),
      routes: {
        listen: `127.0.0.1:${routePort}`,
        to: this.regions.filter((other) => other !== region).map((other) => `127.0.0.1:${this.routeTo(region, other)}`),
        password: 'between-servers',
        tls: [],
      },
      tls: [],
    })
    const path = join(this.#folder, `${region}.conf`)
    writeFileSync(path, lines.join('\n'))
    chmodSync(path, 0o600)
    this.#member(region).process = spawn(this.#binary, ['-c', path], {
      stdio: process.env['SHOWN'] === undefined ? 'ignore' : 'inherit',
    })
  }

  async stop(region: string, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#member(region).process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  wipe(region: string): void {
    rmSync(join(this.#folder, region), { recursive: true, force: true })
  }

  async remove(): Promise<void> {
    await Promise.all(this.regions.map(async (region) => await this.stop(region)))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #member(region: string): Member {
    const member = this.#members.get(region)
    if (member === undefined) throw new Error(`no region ${region}`)
    return member
  }
}
