/**
 * Watches regions during a drill and knows nothing of it: a process of its own that shares no code with the drill or its
 * report. It asks every region's API on its own clock whether it answers, and reads all items again and again to know what
 * was where, and since when. Told to end (SIGTERM, or its input closes), it prints all of it as JSON.
 *
 *   node test/drills/observer.mjs us-east-1=http://127.0.0.1:8000 eu-west-1=http://127.0.0.1:8001 …
 */
import { createHash, createHmac } from 'node:crypto'
import { Agent, request } from 'node:http'

const pollEveryMs = 40
const scanEveryMs = 250
const timeoutMs = 800

const regions = process.argv.slice(2).map((text) => {
  const [name, url] = text.split('=')
  return { name, url: new URL(url), polls: [], scans: [], firstSeen: {} }
})
const ending = new AbortController()
const now = () => performance.timeOrigin + performance.now()
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
const agent = new Agent({ keepAlive: true })

process.stdin.resume()
process.stdin.on('end', () => ending.abort())
process.on('SIGTERM', () => ending.abort())

const table = (await theTable()) ?? process.exit(0)
process.stderr.write(`watching ${table}\n`)
await Promise.all(regions.flatMap((region) => [poll(region), scan(region)]))
const told = regions.map(({ name, polls, scans, firstSeen }) => ({ region: name, polls, scans, firstSeen }))
process.stdout.write(JSON.stringify({ table, pollEveryMs, scanEveryMs, regions: told }), () => process.exit(0))

/** The drill's table has a name of its own kind; it is there soon after the drill has begun. */
async function theTable() {
  while (!ending.signal.aborted) {
    for (const region of regions) {
      const answer = await ask(region, 'ListTables', {}).catch(() => undefined)
      const name = answer?.TableNames?.find((each) => each.startsWith('drill-'))
      if (name !== undefined) return name
    }
    await sleep(20)
  }
  return undefined
}

async function poll(region) {
  while (!ending.signal.aborted) {
    const fromMs = now()
    const ok = await ask(region, 'GetItem', { TableName: table, Key: { id: { S: 'observer' } } }).then(
      () => true,
      () => false,
    )
    region.polls.push({ fromMs, toMs: now(), ok })
    await sleep(fromMs + pollEveryMs - now())
  }
}

async function scan(region) {
  while (!ending.signal.aborted) {
    const fromMs = now()
    const items = await everything(region).catch(() => undefined)
    const toMs = now()
    if (items !== undefined) {
      region.scans.push({ fromMs, toMs, count: items.length })
      for (const { id, v, by, at } of items)
        region.firstSeen[id.S] ??= { fromMs, toMs, by: by?.S, at: Number(at?.N), value: v?.S }
    }
    await sleep(fromMs + scanEveryMs - now())
  }
}

async function everything(region) {
  const items = []
  let start
  do {
    const page = await ask(region, 'Scan', {
      TableName: table,
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    })
    items.push(...page.Items)
    start = page.LastEvaluatedKey
  } while (start !== undefined)
  return items
}

function ask({ name, url }, operation, input) {
  const body = JSON.stringify(input)
  const target = `DynamoDB_20120810.${operation}`
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${date.slice(0, 8)}/${name}/dynamodb/aws4_request`
  const sha = (text) => createHash('sha256').update(text).digest('hex')
  const names = 'host;x-amz-date;x-amz-target'
  const canonical = `POST\n/\n\nhost:${url.host}\nx-amz-date:${date}\nx-amz-target:${target}\n\n${names}\n${sha(body)}`
  const key = scope
    .split('/')
    .reduce((secret, part) => createHmac('sha256', secret).update(part).digest(), 'AWS4observer')
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha(canonical)}`)
    .digest('hex')
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-date': date,
    'x-amz-target': target,
    authorization: `AWS4-HMAC-SHA256 Credential=observer/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (reply) => {
      const parts = []
      reply.on('data', (part) => parts.push(part))
      reply.on('error', reject)
      reply.on('end', () => {
        const text = Buffer.concat(parts).toString()
        if (reply.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${reply.statusCode} ${text}`))
      })
    })
    const timer = setTimeout(() => sent.destroy(new Error('no answer')), operation === 'Scan' ? 5000 : timeoutMs)
    sent.on('close', () => clearTimeout(timer))
    sent.on('error', reject)
    sent.end(body)
  })
}
