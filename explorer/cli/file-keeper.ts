import { spawn } from 'node:child_process'
import { contextSwitches } from '../../counterexamples/context-switches.ts'
import { counterexampleOf, writeCounterexample } from '../../counterexamples/file.ts'
import { goalReachableIn } from '../../counterexamples/goal-reachable.ts'
import { shrink } from '../../counterexamples/shrink.ts'
import { Verifier } from '../../counterexamples/violation.ts'
import type { Property } from '../../model/language/property.ts'
import { quoted, quotedPath } from '../../model/language/quoted.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace } from '../search/result.ts'
import { faultsOf, findProperty } from './catalogue.ts'
import { InternalError, UsageError } from './errors.ts'
import type { Keeper } from './keeper.ts'
import type { Counterexample } from './report.ts'
import type { Checker } from './session.ts'

/** Replays counterexample files away from the search. @throws InternalError when one does not fail. */
export type Confirm = (files: readonly string[], designFile: string | null) => Promise<void>

/** Keeps each violation as `ce-ID.json` and has it confirmed. */
export function fileKeeper({ catalogue, version, modelHash }: Checker, confirm: Confirm): Keeper {
  const faults = faultsOf(catalogue)
  return {
    async keep(cell, violated, { out, designFile, shortest }) {
      const kept = new Map<string, Counterexample>()
      if (violated.length === 0) return kept
      const system = cell.scenario.build(cell.design.patches)
      for (const property of violated) {
        const found = property.trace as Trace
        const judge = findProperty(catalogue, property.id) as unknown as Property<never>
        const goal = goalReachableIn(system as System, { faults })
        const verifier = new Verifier(system as System, judge, goal)
        // Fewer steps, unless there are none with fewer; then fewer context switches.
        const trace = shrink(found, system as System, (candidate) => verifier.fails(candidate), { shortest })
        const ce = counterexampleOf({
          tool: version,
          scenario: cell.scenario.id,
          design: cell.design.id,
          property,
          trace,
          model: modelHash(),
          subject: property.subject,
          fairness: property.fairness,
        })
        kept.set(property.id, {
          id: ce.id,
          file: writeTo(out, () => writeCounterexample(out, ce)),
          length: ce.steps.length,
          contextSwitches: contextSwitches(ce.steps),
          loopStart: ce.loopStart,
          // Of a behaviour without end only the way to its loop is a shortest one.
          shortest: shortest && ce.loopStart === null,
        })
      }
      await confirm(
        [...kept.values()].map((ce) => ce.file),
        designFile,
      )
      return kept
    },
  }
}

/** Files to be replayed together, and who waits for that. */
interface Batch {
  readonly files: string[]
  readonly designFile: string | null
  readonly done: Promise<void>
  readonly start: () => void
}

/**
 * Confirms by `mmucheck replay`, in a fresh process, by xstate alone. While one process runs, what comes next
 * is gathered for the next one: starting a process takes longer than a replay.
 * @param entry path of the program to run.
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
  return (files, designFile) => {
    const gathered = waiting.find((batch) => batch.designFile === designFile) ?? batchOf(entry, designFile)
    gathered.files.push(...files)
    if (!waiting.includes(gathered)) waiting.push(gathered)
    next()
    return gathered.done
  }
}

function batchOf(entry: string, designFile: string | null): Batch {
  const files: string[] = []
  let start = (): void => {}
  const done = new Promise<void>((resolve, reject) => {
    start = () => {
      replayAll(entry, files, designFile).then(resolve, reject)
    }
  })
  return { files, designFile, done, start }
}

function replayAll(entry: string, files: readonly string[], designFile: string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const design = designFile === null ? [] : ['--design', designFile]
    const child = spawn(process.execPath, [entry, 'replay', '--quiet', ...design, '--', ...files], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: an interrupt at the terminal ends the search, and what it found is still shown.
      detached: true,
    })
    let said = ''
    child.stderr.on('data', (text) => {
      said += String(text)
    })
    child.on('error', (error) => reject(new InternalError(`cannot start a replay: ${error.message}`)))
    child.on('close', (status) => {
      if (status === 0) return resolve()
      const why = said.trim().split('\n')[0] || `status ${status}`
      reject(new InternalError(`the replay in a fresh process disagrees with the search: ${quoted(why)}`))
    })
  })
}

/** Does something to the output folder. @throws UsageError when it cannot be written to. */
export function writeTo<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UsageError(`cannot write to ${quotedPath(path)}: ${code}`)
  }
}
