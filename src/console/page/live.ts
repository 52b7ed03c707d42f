/** The state of the deployment as it comes: server-sent events, read by fetch so that they resume after the last that was seen. */
import { computed, signal } from '@preact/signals'
import type { Direction, Note, State } from '../model/console-state.ts'
import { authorization } from './console-api.ts'

const notesMax = 500
const againMs = 1000

export const state = signal<State | undefined>(undefined)
export const notes = signal<readonly Note[]>([])
/** 'lost': what is shown is as old as the last state. */
export const connection = signal<'connecting' | 'live' | 'lost'>('connecting')
/** What is said to those who hear the page. */
export const said = signal('')

export const regionNames = computed(() => state.value?.regions.map(({ name }) => name) ?? [])

const byPair = computed(() => new Map(state.value?.directions.map((each) => [`${each.from}>${each.to}`, each])))

export function directionOf(from: string, to: string): Direction | undefined {
  return byPair.value.get(`${from}>${to}`)
}

let lastId = ''

export async function follow(): Promise<never> {
  for (;;) {
    await readOnce().catch(() => undefined)
    connection.value = 'lost'
    await new Promise((resolve) => {
      setTimeout(resolve, againMs)
    })
  }
}

async function readOnce(): Promise<void> {
  const headers = {
    accept: 'text/event-stream',
    ...authorization(),
    ...(lastId === '' ? {} : { 'last-event-id': lastId }),
  }
  const response = await fetch('/api/events', { headers })
  if (!response.ok || response.body === null) return
  connection.value = 'live'
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (let rest = ''; ;) {
    const { done, value } = await reader.read()
    if (done) return
    const frames = (rest + value).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) take(frame)
  }
}

function take(frame: string): void {
  const fields = new Map(
    frame.split('\n').map((line) => {
      const at = line.indexOf(': ')
      return [line.slice(0, at), line.slice(at + 2)] as const
    }),
  )
  const data = fields.get('data')
  if (data === undefined) return
  lastId = fields.get('id') ?? lastId
  const event = fields.get('event')
  if (event === 'state') state.value = JSON.parse(data) as State
  if (event === 'note') {
    const note = JSON.parse(data) as Note
    notes.value = [...notes.value, note].slice(-notesMax)
    if (Date.now() - note.atMs < 5000) said.value = note.text
  }
}
