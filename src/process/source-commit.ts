/** Which commit this program was made from: what an image or a package was told, or what the clone that it runs from says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The same two levels up from src/process and from dist/process. */
const rootFolder = fileURLToPath(new URL('../..', import.meta.url))
const commitForm = /^[0-9a-f]{7,64}$/

export function commitOf(
  root: string = rootFolder,
  told: string | undefined = process.env['LONGITUDE_COMMIT'],
): string {
  if (told !== undefined && commitForm.test(told)) return told
  try {
    return headOf(gitFolderOf(root)) ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** In a worktree `.git` is a file that names the folder. */
function gitFolderOf(root: string): string {
  const path = join(root, '.git')
  try {
    const [, named] = /^gitdir: (.+)$/m.exec(readFileSync(path, 'utf8')) ?? []
    return named ?? path
  } catch {
    return path
  }
}

function headOf(folder: string): string | undefined {
  const head = readFileSync(join(folder, 'HEAD'), 'utf8').trim()
  const [, name] = /^ref: (.+)$/.exec(head) ?? []
  if (name === undefined) return commitForm.test(head) ? head : undefined
  const places = [folder, ...sharedFolderOf(folder)]
  for (const place of places) {
    const found = refIn(place, name)
    if (found !== undefined) return found
  }
  return undefined
}

function sharedFolderOf(folder: string): readonly string[] {
  try {
    return [join(folder, readFileSync(join(folder, 'commondir'), 'utf8').trim())]
  } catch {
    return []
  }
}

function refIn(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8').trim()
  } catch {
    return packedRef(folder, name)
  }
}

function packedRef(folder: string, name: string): string | undefined {
  try {
    const line = readFileSync(join(folder, 'packed-refs'), 'utf8')
      .split('\n')
      .find((each) => each.endsWith(` ${name}`))
    return line?.split(' ')[0]
  } catch {
    return undefined
  }
}
