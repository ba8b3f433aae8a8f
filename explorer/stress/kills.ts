import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { programFile } from '../program-file.ts'
import { REDUCE } from '../reduce/index.ts'
import { xoshiro } from '../state/index.ts'
import type { Round } from './rounds.ts'

/** Kills in one run of the kill test. */
const KILLS = 3

/**
 * Runs the kill test (checkpoint/kill-test.ts) with random settings for `seconds` seconds: it kills search processes at
 * random moments, resumes them, and compares the results with that of an uninterrupted search. In the built program
 * only.
 */
export async function killRound(seed: number, seconds: number): Promise<Round> {
  const random = xoshiro(seed)
  const pick = (below: number): number => (random() >>> 0) % below
  const end = performance.now() + 1000 * seconds
  let kills = 0
  while (performance.now() < end) {
    const storage = ['exact', 'fingerprint'][pick(2)]
    const reduce = REDUCE[pick(REDUCE.length)]
    // Partial-order reduction takes many times as long.
    const size = reduce === 'por' ? 3 + pick(2) : 4 + pick(2)
    const args = [String(KILLS), String(size), storage, String(1 + pick(1_000_000)), reduce]
    const { status, output } = await ended(args)
    if (status !== 0) return { counts: { kills }, failure: `kill-test ${args.join(' ')}:\n${output}` }
    kills += KILLS
  }
  return { counts: { kills }, failure: null }
}

function ended(
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [fileURLToPath(programFile('kill-test')), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data: Buffer) => {
        output += data.toString()
      })
    }
    child.on('close', (status) => resolve({ status, output }))
  })
}
