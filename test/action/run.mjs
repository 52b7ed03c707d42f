/**
 * The steps of deploy/action/action.yml, one after the other, as GitHub's runner runs them: by bash, with the files of the runner's environment, and a step with
 * `if: always()` also after one that has failed. Steps that use another action are only named.
 *
 *   npm run test:action
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../..', import.meta.url))
const place = join(root, 'deploy', 'action')
const action = parse(readFileSync(join(place, 'action.yml'), 'utf8'))

const good = play({
  run: 'test "$AWS_REGION" = eu-west-1 && mkdir -p drill-reports && longitude status --name action | tee drill-reports/status.txt',
  region: 'eu-west-1',
  options: '--no-cache --no-latency --no-console',
})
assert.deepEqual(good.failed, [])
assert.match(good.status, / ready /)
assert.match(good.outputs, /^endpoint=http:\/\/127\.0\.0\.1:\d+$/m)
assert.deepEqual(good.used, ['actions/upload-artifact@v4'])
assert.match(good.uploaded, /drill-reports/)

const bad = play({ run: 'exit 3', region: '', options: '--no-cache --no-latency --no-console' })
assert.deepEqual(bad.failed, ['Run'])
assert.deepEqual(bad.used, ['actions/upload-artifact@v4'], 'reports are uploaded all the same')
console.log('passed')

/** What came of the steps; nothing that they have started runs on. */
function play(given) {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-action-'))
  const files = Object.fromEntries(['ENV', 'OUTPUT', 'PATH'].map((name) => [name, join(folder, name)]))
  for (const file of Object.values(files)) writeFileSync(file, '')
  const work = join(folder, 'work')
  mkdirSync(work)
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: usual }]) => [name, given[name] ?? usual ?? '']),
  )
  const context = { inputs, 'github.action_path': place, 'runner.temp': folder, folder, files, work }
  const came = { failed: [], used: [], uploaded: '', outputs: '', status: '' }
  try {
    for (const step of action.runs.steps) {
      if (came.failed.length > 0 && step.if !== 'always()') continue
      if (step.uses === undefined) {
        if (!runs(step, context)) came.failed.push(step.name)
      } else {
        came.used.push(step.uses)
        came.uploaded = filled(step.with.path, context)
      }
    }
    came.outputs = readFileSync(files.OUTPUT, 'utf8')
    const shown = join(work, 'drill-reports', 'status.txt')
    if (existsSync(shown)) came.status = readFileSync(shown, 'utf8')
    return came
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runs({ name, run, env = {} }, context) {
  const { files, folder, work } = context
  const exported = Object.fromEntries(
    readFileSync(files.ENV, 'utf8')
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  const more = readFileSync(files.PATH, 'utf8').split('\n').filter(Boolean)
  const own = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, filled(String(value), context)]))
  const { status } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', filled(run, context)], {
    cwd: work,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...exported,
      ...own,
      PATH: [...more, process.env.PATH].join(delimiter),
      RUNNER_TEMP: folder,
      GITHUB_ENV: files.ENV,
      GITHUB_OUTPUT: files.OUTPUT,
      GITHUB_PATH: files.PATH,
      XDG_STATE_HOME: join(folder, 'state'),
    },
  })
  console.log(`${status === 0 ? 'ok' : 'FAILED'}  ${name}`)
  return status === 0
}

/** The expressions that the action has, and no other. */
function filled(text, context) {
  return text.replaceAll(/\$\{\{ *([\w.]+) *\}\}/g, (_, name) => {
    const value = name.startsWith('inputs.') ? context.inputs[name.slice('inputs.'.length)] : context[name]
    assert.notEqual(value, undefined, `the step names ${name}`)
    return value
  })
}
