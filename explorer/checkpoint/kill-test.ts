/**
 * Kills a search with SIGKILL at random moments, resumes it from its checkpoint each time, and compares the result with
 * that of an uninterrupted search. Run from the built program:
 *
 *     node .ci/tool.mjs kill-test [kills] [size] [exact|fingerprint] [seed] [none|symmetry|por|all]
 *
 * With exact storage, an always-possible property is evaluated too, on the graph.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Property } from '../../model/language/property.ts'
import { filterLockModel } from '../oracles/models.ts'
import { programFile } from '../program-file.ts'
import type { Reduce } from '../reduce/reduce-option.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { xoshiro } from '../state/tabulation.ts'

/** A search is killed within this many times the duration of an uninterrupted one. */
const LONGEST_LIFE = 1.5

const SCRIPT = fileURLToPath(programFile('kill-test'))

type Storage = 'exact' | 'fingerprint'

/** Some thread can always get the lock. */
const canLock: Property<never> = {
  kind: 'progress',
  id: 'can-lock',
  title: '',
  goal: (_, at) => Array.from({ length: at.thread.length }, (_, n) => at.thread[n]).includes('unlock'),
}

/** The search to be killed; prints its result on the last line. */
function search(size: number, storage: Storage, reduce: Reduce, directory: string | null): void {
  const { system, properties } = filterLockModel(size)
  const resumable = directory !== null && existsSync(join(directory, 'checkpoint.json'))
  const judged = storage === 'exact' ? [...properties, canLock] : properties
  const result = breadthFirst(system, judged, {
    storage,
    reduce,
    ...(directory === null ? {} : { checkpoint: { directory, every: 0.3 } }),
    ...(resumable ? { resume: directory } : {}),
  })
  const { complete, states, transitions, depth, deadlocks, steps, reduction } = result
  const represented = reduction.symmetry?.represented ?? states
  const verdicts = result.properties.map(({ id, verdict, antecedent }) => [id, verdict, antecedent])
  console.log(
    JSON.stringify({
      complete,
      states,
      represented,
      transitions,
      depth,
      deadlocks,
      steps: [...steps],
      verdicts,
    }),
  )
}

/** Runs a search in a new process. Resolves with its output, or null if it was killed. */
function start(args: readonly string[], killAfter: number | null): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SCRIPT, 'search', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
    })
    const timer = killAfter === null ? null : setTimeout(() => child.kill('SIGKILL'), killAfter)
    child.on('close', (status, signal) => {
      if (timer !== null) clearTimeout(timer)
      if (signal === 'SIGKILL') resolve(null)
      else if (status === 0) resolve(output.trim())
      else reject(new Error(`the search ended with ${signal ?? `status ${status}`}`))
    })
  })
}

async function main(kills: number, search: readonly string[], seed: number): Promise<void> {
  const random = xoshiro(seed)
  const begun = performance.now()
  const expected = await start(search, null)
  const longest = LONGEST_LIFE * (performance.now() - begun)
  const directory = mkdtempSync(join(tmpdir(), 'kill-test-'))
  let killed = 0
  let finished = 0
  try {
    while (killed < kills) {
      const life = ((random() >>> 0) / 2 ** 32) * longest
      const found = await start([...search, directory], life)
      if (found === null) {
        killed++
        continue
      }
      compare(found, expected)
      finished++
      rmSync(directory, { recursive: true, force: true })
    }
    compare(await start([...search, directory], null), expected)
    const times = `${finished + 1} search${finished === 0 ? '' : 'es'}`
    console.log(
      `${killed} kills, ${times} finished, all with the result of an uninterrupted search:\n${expected}`,
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function compare(found: string | null, expected: string | null): void {
  if (found !== expected) throw new Error(`found    ${found}\nexpected ${expected}`)
}

const [first = '30', size = '6', storage = 'fingerprint', ...rest] = process.argv.slice(2)
if (first === 'search') {
  const [reduce, directory = null] = rest
  search(Number(size), storage as Storage, reduce as Reduce, directory)
} else {
  const [seed = '1', reduce = 'none'] = rest
  await main(Number(first), [size, storage, reduce], Number(seed))
}
