/**
 * Attacks the engine with random cases for some minutes:
 *
 *     npm run stress -- [--seed N] [--minutes M] [--only systems|designs|kills|files]
 *
 * Each round is a process, so that a hang or a crash is a failure like any other. Most rounds run with the sizes in
 * small-sizes.ts. Exit status is 0, or 1 after a failure, which is printed with what reproduces it.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { programFile } from '../program-file.ts'
import { killRound } from './kills.ts'
import { KINDS, type Kind, type Round, round } from './rounds.ts'
import { nodeOptionsFor, SMALL_SIZES } from './small-sizes.ts'

/** Seconds of a round, and how many more it may take before it is taken to hang. */
const ROUND = 20
const GRACE = 300

const options = {
  seed: { type: 'string' },
  minutes: { type: 'string', default: '5' },
  only: { type: 'string' },
  /** Internal: run one round in this process. */
  round: { type: 'string' },
} as const

const asked = z.object({
  seed: z.coerce.number().int().nonnegative().optional(),
  minutes: z.coerce.number().positive(),
  only: z.enum(KINDS).optional(),
  round: z.enum(KINDS).optional(),
})

const { values } = parseArgs({ options })
const { minutes, only, round: own, seed = Date.now() % 1_000_000 } = asked.parse(values)
if (own === undefined) process.exitCode = await attack(seed, minutes, only === undefined ? KINDS : [only])
else {
  const seconds = 60 * minutes
  console.log(
    JSON.stringify(own === 'kills' ? await killRound(seed, seconds) : await round(own, seed, seconds)),
  )
}

async function attack(seed: number, minutes: number, kinds: readonly Kind[]): Promise<number> {
  const totals = new Map<string, number>()
  const begun = performance.now()
  const passed = (): number => (performance.now() - begun) / 1000
  const summary = (): string => [...totals].map(([what, n]) => `${n} ${what}`).join(', ')
  for (let n = 0; n < kinds.length || passed() < 60 * minutes; n++) {
    const kind = kinds[n % kinds.length]
    // First the default sizes, then the small ones in turn.
    const sizes = [{}, ...SMALL_SIZES][Math.floor(n / kinds.length) % (1 + SMALL_SIZES.length)]
    const { counts, failure } = await roundApart(kind, seed + n, sizes)
    for (const [what, count] of Object.entries(counts)) {
      const key = `${kind}: ${what}`
      totals.set(key, (totals.get(key) ?? 0) + count)
    }
    console.log(`${Math.round(passed())} s, round ${n + 1}, ${kind}, seed ${seed + n}: ${summary()}`)
    if (failure === null) continue
    console.log(`stress: FAILED with seed ${seed + n}, ${kind}, sizes ${JSON.stringify(sizes)}\n${failure}`)
    return 1
  }
  console.log(`stress: no failure in ${Math.round(passed())} s with seed ${seed}: ${summary()}`)
  return 0
}

function roundApart(kind: Kind, seed: number, sizes: object): Promise<Round> {
  const args = ['--round', kind, '--seed', String(seed), '--minutes', String(ROUND / 60)]
  const program = fileURLToPath(programFile('stress'))
  const child = spawn(process.execPath, [...nodeOptionsFor(sizes), program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  let isHanging = false
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  const timer = setTimeout(
    () => {
      isHanging = true
      child.kill('SIGKILL')
    },
    1000 * (ROUND + GRACE),
  )
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      const failed = (why: string): void => resolve({ counts: {}, failure: `${why}\n${errors}${output}` })
      if (isHanging) return failed(`hangs: no end ${GRACE} s after its time`)
      if (status !== 0) return failed(`the process ended with ${signal ?? `status ${status}`}`)
      const last = output.trimEnd().split('\n').pop() as string
      resolve(JSON.parse(last) as Round)
    })
  })
}
