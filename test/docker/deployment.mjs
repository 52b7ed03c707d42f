/** Compose and what it runs, for the test: a project with names and ports of its own, so that regions that run from the same file are left alone. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Published ports are chosen by these variables. */
const portVariables = {
  'us-east-1': 'US_EAST_1_PORT',
  'eu-west-1': 'EU_WEST_1_PORT',
  'ap-northeast-1': 'AP_NORTHEAST_1_PORT',
  'sa-east-1': 'SA_EAST_1_PORT',
  'cache-us-east-1': 'US_EAST_1_CACHE_PORT',
  'cache-eu-west-1': 'EU_WEST_1_CACHE_PORT',
  'cache-ap-northeast-1': 'AP_NORTHEAST_1_CACHE_PORT',
  'cache-sa-east-1': 'SA_EAST_1_CACHE_PORT',
  'dax-us-east-1': 'US_EAST_1_DAX_PORT',
  'dax-eu-west-1': 'EU_WEST_1_DAX_PORT',
  'dax-ap-northeast-1': 'AP_NORTHEAST_1_DAX_PORT',
  'dax-sa-east-1': 'SA_EAST_1_DAX_PORT',
  links: 'LINKS_PORT',
  'front-door': 'FRONT_DOOR_PORT',
  'links-sa-east-1': 'SA_EAST_1_LINKS_PORT',
  prometheus: 'PROMETHEUS_PORT',
  grafana: 'GRAFANA_PORT',
  console: 'CONSOLE_PORT',
}

/** Ends the process where there is no engine. */
export async function deploymentOf({ root, files }) {
  const compose = engineAndCompose()
  const services = Object.keys(portVariables)
  const free = await freePorts(services.length)
  const ports = Object.fromEntries(services.map((service, index) => [service, free[index]]))
  const token = `test-${process.pid}-token-of-the-test`
  const env = {
    ...process.env,
    ...Object.fromEntries(services.map((service) => [portVariables[service], String(ports[service])])),
    LONGITUDE_ADMIN_TOKEN: token,
    // By their tags: a machine without the public registry has stand-ins of these names.
    NATS_IMAGE: process.env.NATS_IMAGE ?? 'nats:2.12-alpine',
    NODE_IMAGE: process.env.NODE_IMAGE ?? 'node:24-bookworm-slim',
  }
  const project = `longitude-test-${process.pid}`
  let all = files

  function spawnCompose(args, stdio, more = {}) {
    const [command, ...first] = compose
    const named = all.flatMap((file) => ['--file', file])
    const options = { cwd: root, env: { ...env, ...more }, encoding: 'utf8', stdio: ['ignore', stdio, stdio] }
    return spawnSync(command, [...first, '--project-name', project, ...named, ...args], options)
  }

  function run(...args) {
    const { status } = spawnCompose(args, 'inherit')
    assert.equal(status, 0, `compose ${args.join(' ')}`)
  }

  function output(...args) {
    const { stdout, stderr, status } = spawnCompose(args, 'pipe')
    assert.equal(status, 0, `compose ${args.join(' ')}: ${stderr}`)
    return stdout
  }

  function inspect(service, format) {
    const id = output('ps', '--all', '--quiet', service).trim()
    return docker('inspect', '--format', format, id)
  }

  return {
    token,
    project,
    run,
    output,
    inspect,
    has: (file) => all.includes(file),
    /** From now on this file belongs to it too. */
    add: (file) => {
      all = [...all, file]
    },
    endpoint: (service) => `http://127.0.0.1:${ports[service]}`,
    logs: () => spawnCompose(['logs', '--tail', '40'], 'inherit'),
    /** Those of the addresses to which a connection from inside the service's container comes about. */
    reachable: (service, addresses) => {
      const program = `
        const { connect } = require('node:net')
        const aims = ${JSON.stringify(addresses)}
        const reached = new Set()
        for (const aim of aims) {
          const [host, port] = aim.split(':')
          const socket = connect({ host, port }, () => reached.add(aim)).on('error', () => {})
          setTimeout(() => socket.destroy(), 3000)
        }
        setTimeout(() => { console.log(JSON.stringify(aims.filter((aim) => reached.has(aim)))); process.exit() }, 3500)`
      return JSON.parse(output('exec', '-T', service, 'node', '--eval', program))
    },
    /** As the file has it. */
    imageOf: (service) =>
      new RegExp(`^  ${service}:[^]*?image: (\\S+)`, 'm').exec(readFileSync(join(root, files[0]), 'utf8'))[1],
    /** `longitude links` from this machine, as JSON. */
    linksCommand: (...args) => {
      const program = ['dist/cli/cli.js', 'links', ...args, '--json', '--control', `http://127.0.0.1:${ports.links}`]
      const options = { cwd: root, env: { ...process.env, LONGITUDE_ADMIN_TOKEN: token }, encoding: 'utf8' }
      const { stdout, stderr, status } = spawnSync(process.execPath, program, options)
      assert.equal(status, 0, stderr)
      return stdout
    },
    /** Whether everything is gone. */
    down: () => {
      const args = ['down', '--volumes', '--remove-orphans', '--timeout', '5']
      // Without their profile Prometheus and Grafana would be left.
      return spawnCompose(args, 'inherit', { COMPOSE_PROFILES: 'metrics' }).status === 0
    },
  }
}

export function docker(...args) {
  const { stdout, stderr, status } = spawnSync('docker', args, { encoding: 'utf8' })
  assert.equal(status, 0, `docker ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** Not `fetch`: of a container that is still starting its promise was seen never to settle on Node 20. */
export function statusOf(url, headers = {}) {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, timeout: 2000, headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer')))
    asked.on('error', reject)
  })
}

export async function until(what, holds) {
  // A busy machine takes its time for the checks of health, each a program of its own.
  const deadline = Date.now() + 600_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ten minutes: ${what}`)
    await sleep(100)
  }
}

/** Compose is a plugin of Docker today and was a program of its own. */
function engineAndCompose() {
  const engine = spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { encoding: 'utf8' })
  if (engine.status !== 0) missing(`no Docker engine answers: ${engine.error?.message ?? engine.stderr.trim()}`)
  const found = [['docker', 'compose'], ['docker-compose']].find(
    ([command, ...args]) => spawnSync(command, [...args, 'version', '--short']).status === 0,
  )
  if (found === undefined) missing('there is an engine, but neither `docker compose` nor `docker-compose`')
  return found
}

function missing(what) {
  console.error(`test:docker needs Docker and Compose: ${what}\nnothing was tested`)
  process.exit(1)
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
  const found = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return found
}
