import { confirm } from './confirm.ts'
import { processIo } from './io.ts'
import { checkerOf } from './load-catalogue.ts'
import { wholeProcess } from './whole-process.ts'

/**
 * Runs this process as the fresh one in which a search has its counterexamples confirmed, and sets its exit status.
 * @param catalogue module that exports `catalogue`.
 */
export async function startReplay(catalogue: URL): Promise<void> {
  const io = processIo()
  await wholeProcess(io, async () => confirm(await checkerOf(catalogue), io.input))
}
