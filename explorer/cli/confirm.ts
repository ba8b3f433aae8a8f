import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import {
  type Counterexample,
  formatCounterexample,
  parseCounterexample,
} from '../../counterexamples/counterexample-file.ts'
import { quoted } from '../../model/language/quoted.ts'
import type { Checker } from './checker.ts'
import { replayed } from './counterexamples.ts'
import { InternalError } from './errors.ts'
import { EXIT } from './exit-status.ts'

/**
 * Replays counterexamples independently of the search.
 * @throws InternalError when one does not fail.
 */
export type Confirm = (counterexamples: readonly Counterexample[]) => Promise<void>

/** Input of the fresh process, which reads no files: they may be unwritten, pipes, or changed since. */
const requestShape = z.strictObject({ counterexamples: z.array(z.string()) })
type Request = z.infer<typeof requestShape>

/**
 * Runs in the fresh process: replays the counterexamples on its standard input by xstate alone.
 * @throws InternalError when one does not violate its property.
 */
export async function confirm(checker: Checker, input: NodeJS.ReadableStream): Promise<number> {
  const request = requestShape.parse(JSON.parse(await text(input)))
  for (const ce of request.counterexamples) replayed(checker, parseCounterexample(ce, 'standard input'))
  return EXIT.holds
}

/** Counterexamples to replay together; `done` settles when they are. */
interface Batch {
  readonly counterexamples: Counterexample[]
  readonly done: Promise<void>
  readonly start: () => void
}

/**
 * Confirms in a fresh process, by xstate alone. Requests that arrive while one process runs are batched for the
 * next: starting a process takes longer than a replay.
 * @param entry path of the program to run; it only does `confirm`, so that it starts fast.
 */
export function confirmInFreshProcess(entry: string): Confirm {
  const waiting: Batch[] = []
  let busy = false
  const next = (): void => {
    const batch = busy ? undefined : waiting.shift()
    if (batch === undefined) return
    busy = true
    batch.start()
    const finish = (): void => {
      busy = false
      next()
    }
    batch.done.then(finish, finish)
  }
  return (counterexamples) => {
    const batch = waiting[0] ?? newBatch(entry)
    batch.counterexamples.push(...counterexamples)
    if (!waiting.includes(batch)) waiting.push(batch)
    next()
    return batch.done
  }
}

function newBatch(entry: string): Batch {
  const counterexamples: Counterexample[] = []
  let start = (): void => {}
  const done = new Promise<void>((resolve, reject) => {
    start = () => {
      const request: Request = { counterexamples: counterexamples.map(formatCounterexample) }
      replayAll(entry, request).then(resolve, reject)
    }
  })
  return { counterexamples, done, start }
}

function replayAll(entry: string, request: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry], {
      stdio: ['pipe', 'ignore', 'pipe'],
      // The working directory may be gone; nothing is read from it.
      cwd: '/',
      // In a new process group: Ctrl-C stops the search, but what it found is still confirmed and shown.
      detached: true,
    })
    let stderr = ''
    child.stderr.on('data', (some) => {
      stderr += String(some)
    })
    // A process that exits before reading reports why on stderr.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(request))
    child.on('error', (error) => reject(new InternalError(`cannot start a replay: ${error.message}`)))
    child.on('close', (status) => {
      if (status === 0) return resolve()
      const why = stderr.trim().split('\n')[0] || `status ${status}`
      reject(new InternalError(`the replay in a fresh process disagrees with the search: ${quoted(why)}`))
    })
  })
}
