/** What an action is as a command line and as a step of a drill, ready to copy. */
import { useState } from 'preact/hooks'
import type { Told } from '../../model/told-commands.ts'

export function ToldAs({ told }: { readonly told: Told }) {
  return (
    <div class="told">
      <Copyable label="as a command" text={told.command} />
      {told.step === undefined ? null : <Copyable label="as a drill step" text={told.step} />}
    </div>
  )
}

const shownMs = 1500

export function Copyable({ label, text }: { readonly label: string; readonly text: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text).catch(() => undefined)
    setCopied(true)
    setTimeout(() => setCopied(false), shownMs)
  }
  return (
    <div class="copyable">
      <span class="label">{label}</span>
      <code>{text}</code>
      <button type="button" class="small" aria-label={`Copy ${label}`} onClick={() => void copy()}>
        {copied ? 'copied' : 'copy'}
      </button>
    </div>
  )
}
