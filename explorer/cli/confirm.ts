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
 * Replays counterexamples away from the search.
 * @throws InternalError when one does not fail.
 */
export type Confirm = (counterexamples: readonly Counterexample[]) => Promise<void>

/** What the fresh process reads: everything it needs, because files may be unwritten, pipes, or changed meanwhile. */
const requestShape = z.strictObject({ counterexamples: z.array(z.string()) })
type Request = z.infer<typeof requestShape>

/**
 * What the fresh process does: replays the counterexamples that it reads by xstate alone.
 * @throws InternalError when one does not violate its property.
 */
export async function confirm(checker: Checker, input: NodeJS.ReadableStream): Promise<number> {
  const request = requestShape.parse(JSON.parse(await text(input)))
  for (const ce of request.counterexamples) replayed(checker, parseCounterexample(ce, 'standard input'))
  return EXIT.holds
}

/** Counterexamples to be replayed together, and who waits for that. */
interface Batch {
  readonly counterexamples: Counterexample[]
  readonly done: Promise<void>
  readonly start: () => void
}

/**
 * Confirms in a fresh process, by xstate alone. While one process runs, what comes next is gathered for the next
 * one: starting a process takes longer than a replay.
 * @param entry path of the program to run: it does `confirm` and no more, so that it starts fast.
 */
export function confirmInFreshProcess(entry: string): Confirm {
  const waiting: Batch[] = []
  let busy = false
  const next = (): void => {
    const batch = busy ? undefined : waiting.shift()
    if (batch === undefined) return
    busy = true
    batch.start()
    const over = (): void => {
      busy = false
      next()
    }
    batch.done.then(over, over)
  }
  return (counterexamples) => {
    const gathered = waiting[0] ?? batchOf(entry)
    gathered.counterexamples.push(...counterexamples)
    if (!waiting.includes(gathered)) waiting.push(gathered)
    next()
    return gathered.done
  }
}

function batchOf(entry: string): Batch {
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
      // The folder of this process may be gone, and nothing is read from it.
      cwd: '/',
      // A group of its own: an interrupt at the terminal ends the search, and what it found is still shown.
      detached: true,
    })
    let said = ''
    child.stderr.on('data', (some) => {
      said += String(some)
    })
    // A process that ends without reading says why by itself.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(request))
    child.on('error', (error) => reject(new InternalError(`cannot start a replay: ${error.message}`)))
    child.on('close', (status) => {
      if (status === 0) return resolve()
      const why = said.trim().split('\n')[0] || `status ${status}`
      reject(new InternalError(`the replay in a fresh process disagrees with the search: ${quoted(why)}`))
    })
  })
}
