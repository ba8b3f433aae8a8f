import { omissionProbability } from '../../shards/fingerprint-bits.ts'
import type { ShardReport } from '../../shards/run-spec.ts'

/** What the shards of a search did, one line each, for standard error. */
export function shardLines(reports: readonly ShardReport[], bits: number): string[] {
  const all = reports.reduce((sum, { states }) => sum + states, 0)
  const risk = omissionProbability(all, bits).toExponential(1)
  const fingerprints = `mmucheck: fingerprints of ${bits} bits: omission probability below ${risk}`
  const shards = reports.map(({ states, sent, sentBytes, received, receivedNew, cpu, messaging }, n) => {
    const share = cpu === 0 ? 0 : Math.round((100 * messaging) / cpu)
    const bytes = states === 0 ? 0 : sentBytes / states
    return `mmucheck: shard ${n}: ${states} states, ${sent} sent (${bytes.toFixed(1)} bytes per state), ${received} received, ${receivedNew} of them new, ${cpu.toFixed(1)} s of CPU, ${share}% for messages`
  })
  return [...shards, fingerprints]
}
