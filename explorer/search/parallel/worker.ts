import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../../model/language/errors.ts'
import { Abandoned } from './exchange.ts'
import { Peer } from './peer.ts'
import type { WorkerInput, WorkerMessage } from './report.ts'
import { loadSubject } from './subject.ts'

/** The thread of one worker: searches, reports, then says of states where they came from. */

const { source, options, memory, me } = workerData as WorkerInput
const tell = (message: WorkerMessage): void => parentPort?.postMessage(message)

try {
  const peer = new Peer(await loadSubject(source), options, memory, me)
  tell({ kind: 'report', report: peer.run() })
  parentPort?.on('message', (state: number) => {
    tell({ kind: 'origin', origin: peer.originOf(state) })
  })
} catch (error) {
  if (error instanceof ModelError) tell({ kind: 'model-error', message: error.message })
  else if (!(error instanceof Abandoned))
    tell({
      kind: 'failure',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
}
