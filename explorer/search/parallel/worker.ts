import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../../model/language/errors.ts'
import { Peer } from './peer.ts'
import type { PeerReport, TracesReport, WorkerInput, WorkerMessage } from './report.ts'
import { Abandoned, stopAsked } from './shared-memory.ts'
import { loadSubject } from './subject.ts'

/** The thread of one worker: searches its share, or finds the traces to what all of them found; then reports. */

const { source, options, memory, task } = workerData as WorkerInput
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message)

async function work(): Promise<PeerReport | TracesReport> {
  const subject = await loadSubject(source)
  if (task.kind === 'search') return new Peer(subject, options, memory, task.me, task.ports).run()
  const { system, properties, onRecord } = subject
  // The workers that search need not load what only this one needs.
  const { tracesTo } = await import('../breadth-first.ts')
  // Within these limits all this was found; the memory is as large as before.
  const { maxStates: _states, maxDepth: _depth, timeLimit: _time, ...others } = options
  return tracesTo(system, properties, task.sought, {
    ...others,
    ...task.limits,
    stop: () => stopAsked(memory),
    ...(onRecord === undefined ? {} : { onRecord }),
  })
}

try {
  tell({ kind: 'done', report: await work() })
} catch (error) {
  if (error instanceof ModelError) tell({ kind: 'model-error', message: error.message })
  else if (!(error instanceof Abandoned))
    tell({
      kind: 'failure',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
}
