import { confirm } from './confirm.ts'
import { checkerOf } from './load-catalogue.ts'
import { processIo } from './process-io.ts'
import { runToExit } from './run-to-exit.ts'

/**
 * Runs this process as the fresh one that confirms counterexamples, and sets its exit status.
 * @param catalogue module that exports `catalogue`.
 */
export async function startReplay(catalogue: URL): Promise<void> {
  await runToExit(processIo(), async () => confirm(await checkerOf(catalogue), process))
}
