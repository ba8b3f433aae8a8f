import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { z } from 'zod'
import {
  type Counterexample,
  formatCounterexample,
  parseCounterexample,
} from '../../counterexamples/counterexample-file.ts'
import { quoted } from '../../model/language/quoted.ts'
import { forgetSystems } from './built-systems.ts'
import type { Checker } from './checker.ts'
import { codeDesignOf, replayed } from './counterexamples.ts'
import { designCodeShape } from './design-code/design-code.ts'
import { errorLines } from './error-lines.ts'
import { InternalError } from './errors.ts'
import { EXIT } from './exit-status.ts'
import type { UserFiles } from './user-files.ts'

/**
 * Replays a counterexample independently of the search.
 * @returns null if it fails as it should; otherwise why it could not be replayed.
 * @throws InternalError when it does not fail.
 */
export type Confirm = (counterexample: Counterexample, files?: UserFiles) => Promise<string | null>

/**
 * The text of a counterexample's file, as the fresh process gets it, and the code of its design, if it is code. That
 * process reads no files: they may be unwritten, pipes, or changed since.
 */
const requestShape = z.union([
  z.string(),
  z.strictObject({ counterexample: z.string(), code: designCodeShape }),
])
type Request = z.infer<typeof requestShape>

/** Why the replay does not end in the violation; null if it does. */
const answerShape = z.strictObject({ disagreement: z.string().nullable() })
type Answer = z.infer<typeof answerShape>

/**
 * Runs in the fresh process: replays the counterexamples that its parent sends, one after the other, by xstate alone,
 * until the parent ends.
 */
export async function confirm(checker: Checker, parent: NodeJS.Process): Promise<number> {
  parent.on('message', (request) => {
    void answerTo(checker, request).then((answer) => parent.send?.(answer))
  })
  await once(parent, 'disconnect')
  return EXIT.holds
}

async function answerTo(checker: Checker, request: unknown): Promise<Answer> {
  // Each counterexample is replayed on a system that is built for it, as in a process that has replayed nothing else.
  forgetSystems()
  try {
    const asked = requestShape.parse(request)
    const { counterexample, code } =
      typeof asked === 'string' ? { counterexample: asked, code: undefined } : asked
    const ce = parseCounterexample(counterexample, 'the request')
    const design = code === undefined ? undefined : await codeDesignOf(checker, ce, code)
    replayed(checker, ce, design === undefined ? {} : { design }, { wayOn: false })
    return { disagreement: null }
  } catch (error) {
    return { disagreement: errorLines(error instanceof Error ? error.message : String(error))[0] }
  }
}

/** Milliseconds without an answer after which a replay is given up. The longest ones search for a goal. */
const LONGEST_REPLAY = 600_000

/** A process that confirms. */
export interface FreshProcess {
  readonly confirm: Confirm
  /** Ends the process. It ends with this one in any case. */
  end(): Promise<void>
}

/**
 * Confirms in one fresh process, one counterexample after the other, by xstate alone. The process is started with the
 * first one. If it ends early, its counterexample is replayed once more in another one.
 * @param entry path of the program to run; it only does `confirm`, so that it starts fast.
 * @param longest milliseconds to wait for an answer.
 */
export function freshProcess(entry: string, longest = LONGEST_REPLAY): FreshProcess {
  let replayer: Replayer | null = null
  let last: Promise<unknown> = Promise.resolve()
  const replay = async (ce: Counterexample, files: UserFiles = {}): Promise<string | null> => {
    const code = files.design?.code
    const counterexample = formatCounterexample(ce)
    const request: Request = code === undefined ? counterexample : { counterexample, code }
    let outcome: Outcome = { kind: 'ended', why: '' }
    for (let attempt = 0; attempt < 2 && outcome.kind === 'ended'; attempt++) {
      if (replayer === null || replayer.hasEnded) replayer = new Replayer(entry)
      outcome = await replayer.replay(request, longest)
    }
    if (outcome.kind !== 'answered') return outcome.why
    const { disagreement } = outcome.answer
    if (disagreement === null) return null
    throw new InternalError(
      `the replay in a fresh process disagrees with the search: ${quoted(disagreement)}`,
    )
  }
  return {
    confirm: (ce, files) => {
      const result = last.then(() => replay(ce, files))
      last = result.catch(() => {})
      return result
    },
    end: async () => {
      await last
      await replayer?.end()
    },
  }
}

/** What became of a request. */
type Outcome =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** The process ended, or did not start. */
  | { readonly kind: 'ended'; readonly why: string }
  /** There was no answer, and the process was killed. */
  | { readonly kind: 'silent'; readonly why: string }

/** A process that replays, one request at a time. It keeps this one alive only while it is to answer. */
class Replayer {
  readonly #child: ChildProcess
  #stderr = ''
  #ended: string | null = null
  #settle: (outcome: Outcome) => void = () => {}

  constructor(entry: string) {
    this.#child = spawn(process.execPath, [entry], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // The working directory may be gone; nothing is read from it.
      cwd: '/',
      // In a new process group: Ctrl-C stops the search, but what it found is still confirmed and shown.
      detached: true,
    })
    const { stderr } = this.#child
    stderr?.on('data', (some) => {
      this.#stderr += String(some)
    })
    // A pipe to a process is a socket.
    const socket = stderr as Socket | null
    socket?.unref()
    this.#child.on('error', (error) =>
      this.#hasEnded(`the process that replays does not start: ${error.message}`),
    )
    // Not `exit`: what the process wrote must have arrived.
    this.#child.on('close', (status, signal) => {
      const [line = ''] = errorLines(this.#stderr.trim())
      const how = signal ?? `status ${status}`
      this.#hasEnded(`the process that replays ended with ${how}${line === '' ? '' : `: ${quoted(line)}`}`)
    })
    this.#child.on('message', (answer) => {
      this.#settle({ kind: 'answered', answer: answerShape.parse(answer) })
    })
    this.#keepsAlive(false)
  }

  get hasEnded(): boolean {
    return this.#ended !== null
  }

  replay(request: Request, longest: number): Promise<Outcome> {
    const asked = new Promise<Outcome>((resolve) => {
      this.#settle = resolve
    })
    this.#keepsAlive(true)
    const timer = setTimeout(() => {
      this.#child.kill('SIGKILL')
      const why = `no answer from the process that replays in ${longest / 1000} s`
      this.#ended = why
      this.#settle({ kind: 'silent', why })
    }, longest)
    if (this.#ended !== null) this.#settle({ kind: 'ended', why: this.#ended })
    // If it fails, the process has ended or will: that is handled above.
    else this.#child.send(request, () => {})
    return asked.finally(() => {
      clearTimeout(timer)
      this.#keepsAlive(false)
    })
  }

  async end(): Promise<void> {
    if (this.#ended !== null) return
    // Set here, because Node emits no `close` after `disconnect()`.
    this.#ended = 'the process that replays was asked to end'
    this.#keepsAlive(true)
    this.#child.disconnect()
    await once(this.#child, 'exit')
  }

  #hasEnded(why: string): void {
    this.#ended ??= why
    this.#settle({ kind: 'ended', why: this.#ended })
  }

  #keepsAlive(does: boolean): void {
    const { channel } = this.#child
    if (does) {
      this.#child.ref()
      channel?.ref()
    } else {
      this.#child.unref()
      channel?.unref()
    }
  }
}
