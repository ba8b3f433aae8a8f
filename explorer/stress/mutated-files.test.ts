import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { builtPrograms, PLAIN, SMALL } from '../cli/testing/built-programs.ts'
import { xoshiro } from '../state/tabulation.ts'
import { DESIGN, FileAttacks } from './file-attacks.ts'
import { mutate } from './mutations.ts'
import { picker } from './systems.ts'

const { folder, run } = builtPrograms()

/** Files that go through the command line, and those that are read in this process. */
const BY_COMMAND = 50
const HERE = 100

const random = xoshiro(20_261)
const pick = (below: number): number => (random() >>> 0) % below

/** The end of a command line: exit status, and the lines on standard error but the hint to the help. */
function ended(args: readonly string[]): Promise<{ status: number | null; lines: string[]; out: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [SMALL, ...args], { cwd: folder(), env: PLAIN })
    let out = ''
    let err = ''
    child.stdout.on('data', (text) => {
      out += String(text)
    })
    child.stderr.on('data', (text) => {
      err += String(text)
    })
    child.on('close', (status) => {
      const lines = err.split('\n').filter((line) => line !== '' && line !== 'Try --help.')
      resolve({ status, lines, out })
    })
  })
}

it(`gives an exit status and at most one line for each of ${BY_COMMAND} files with something wrong`, async () => {
  const asked = ['check', 'zap', '--property', 'root-dropped']
  run(SMALL, [...asked, '--design', 'request-first', '--out', 'out'])
  const [known] = readdirSync(join(folder(), 'out')).filter((name) => name.endsWith('.json'))
  const trace = readFileSync(join(folder(), 'out', known))
  run(SMALL, [...asked, '--max-states', '5', '--checkpoint', 'cp', '--allow-incomplete'])
  const places = readdirSync(join(folder(), 'cp'), { recursive: true, encoding: 'utf8' })
  const checkpoint = join(folder(), 'cp', places.find((path) => path.endsWith('checkpoint.json')) as string)
  const whole = readFileSync(checkpoint)

  const command = (n: number): readonly string[] => {
    const path = join(folder(), `mutated-${n}.json`)
    switch (n % 3) {
      case 0:
        writeFileSync(path, mutate(Buffer.from(DESIGN), true, pick).bytes)
        return ['check', 'zap', '--design', path, '--out', `out-${n}`]
      case 1:
        writeFileSync(path, mutate(trace, true, pick).bytes)
        return ['replay', path]
      default:
        writeFileSync(checkpoint, mutate(whole, true, pick).bytes)
        return [...asked, '--resume', 'cp', '--out', `out-${n}`]
    }
  }
  const seen = new Set<number | null>()
  for (let n = 0; n < BY_COMMAND; n++) {
    const args = command(n)
    const { status, lines, out } = await ended(args)
    const what = `${args.join(' ')}\n${lines.join('\n')}\n${out}`
    expect([0, 1, 2, 4], what).toContain(status)
    expect(lines.length, what).toBeLessThanOrEqual(1)
    if (status === 2) expect(lines, what).toHaveLength(1)
    seen.add(status)
  }
  // Both what is refused and what is taken occurs, or nothing was shown.
  expect(seen.has(2)).toBe(true)
  expect(seen.size).toBeGreaterThan(1)
}, 300_000)

it(`refuses ${HERE} files in a known way, or takes them for what they say`, () => {
  const files = new FileAttacks()
  try {
    for (let n = 0; n < HERE; n++) files.check(picker(Array.from({ length: 30 }, () => pick(1_000_000))))
    expect(files.refused).toBeGreaterThan(HERE / 2)
    expect(files.read).toBe(HERE)
  } finally {
    files.close()
  }
})
