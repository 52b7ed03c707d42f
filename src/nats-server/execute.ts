/** Runs a program to its end and gives what it printed; rejects with the last line that it complained with. */
import { execFile } from 'node:child_process'

export type ExecuteOptions = { readonly timeoutMs: number; readonly folder?: string }

export async function execute(
  program: string,
  args: readonly string[],
  { timeoutMs, folder }: ExecuteOptions,
): Promise<string> {
  return await new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, ...(folder === undefined ? {} : { cwd: folder }) }
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const complaint = stderr.trim().split('\n').at(-1)
      reject(
        new Error(
          `${program}: ${error.killed === true ? `no end after ${timeoutMs / 1000} s` : complaint || error.message}`,
        ),
      )
    })
  })
}
