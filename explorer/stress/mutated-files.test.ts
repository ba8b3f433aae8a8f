import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { builtPrograms, PLAIN, SMALL } from '../cli/testing/built-programs.ts'
import { runSmall } from '../cli/testing/run-small.ts'
import { xoshiro } from '../state/tabulation.ts'
import { effort } from '../testing/effort.ts'
import { DESIGN, FileAttacks } from './file-attacks.ts'
import { mutate } from './mutations.ts'
import { picker } from './systems.ts'

const { folder } = builtPrograms()

/** Files that go through the command line, the first of them each in a separate process, and those that are only read. */
const BY_COMMAND = 50
const IN_PROCESSES = effort(3, BY_COMMAND)
const READ = 100

const random = xoshiro(20_261)
const pick = (below: number): number => (random() >>> 0) % below

/** The end of a command line: exit status, and the lines on standard error but the hint to the help. */
interface Ended {
  readonly status: number | null
  readonly lines: readonly string[]
  readonly out: string
}
type Command = (args: readonly string[]) => Promise<Ended>

const withoutHint = (lines: readonly string[]): string[] =>
  lines.filter((line) => line !== '' && line !== 'Try --help.')

const inProcess: Command = (args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [SMALL, ...args], { cwd: folder(), env: PLAIN })
    let out = ''
    let err = ''
    child.stdout.on('data', (text) => {
      out += String(text)
    })
    child.stderr.on('data', (text) => {
      err += String(text)
    })
    child.on('close', (status) => resolve({ status, lines: withoutHint(err.split('\n')), out }))
  })

const here: Command = async (args) => {
  const { status, out, err } = await runSmall(args)
  return { status, lines: withoutHint(err), out: out.join('\n') }
}

/** Gives files with something wrong to a command line. @returns the exit statuses that occurred. */
async function attack(command: Command, name: string, files: number): Promise<Set<number | null>> {
  const at = (path: string) => join(folder(), name, path)
  const asked = ['check', 'zap', '--property', 'root-dropped']
  await command([...asked, '--design', 'request-first', '--out', at('out')])
  const [known] = readdirSync(at('out')).filter((file) => file.endsWith('.json'))
  const trace = readFileSync(at(join('out', known)))
  await command([...asked, '--max-states', '5', '--checkpoint', at('cp'), '--allow-incomplete'])
  const places = readdirSync(at('cp'), { recursive: true, encoding: 'utf8' })
  const checkpoint = at(join('cp', places.find((path) => path.endsWith('checkpoint.json')) as string))
  const whole = readFileSync(checkpoint)

  const mutated = (n: number): readonly string[] => {
    const path = at(`mutated-${n}.json`)
    switch (n % 3) {
      case 0:
        writeFileSync(path, mutate(Buffer.from(DESIGN), true, pick).bytes)
        return ['check', 'zap', '--design', path, '--out', at(`out-${n}`)]
      case 1:
        writeFileSync(path, mutate(trace, true, pick).bytes)
        return ['replay', path]
      default:
        writeFileSync(checkpoint, mutate(whole, true, pick).bytes)
        return [...asked, '--resume', at('cp'), '--out', at(`out-${n}`)]
    }
  }
  const seen = new Set<number | null>()
  for (let n = 0; n < files; n++) {
    const args = mutated(n)
    const { status, lines, out } = await command(args)
    const what = `${args.join(' ')}\n${lines.join('\n')}\n${out}`
    expect([0, 1, 2, 4], what).toContain(status)
    expect(lines.length, what).toBeLessThanOrEqual(1)
    if (status === 2) expect(lines, what).toHaveLength(1)
    seen.add(status)
  }
  return seen
}

it(`gives an exit status and at most one line for each of ${BY_COMMAND} files with something wrong`, async () => {
  const seen = await attack(inProcess, 'processes', IN_PROCESSES)
  for (const status of await attack(here, 'here', BY_COMMAND - IN_PROCESSES)) seen.add(status)
  // Both what is refused and what is taken occurs, or nothing was shown.
  expect(seen.has(2)).toBe(true)
  expect(seen.size).toBeGreaterThan(1)
}, 300_000)

it(`refuses ${READ} files in a known way, or takes them for what they say`, () => {
  const files = new FileAttacks()
  try {
    for (let n = 0; n < READ; n++) files.check(picker(Array.from({ length: 30 }, () => pick(1_000_000))))
    expect(files.refused).toBeGreaterThan(READ / 2)
    expect(files.read).toBe(READ)
  } finally {
    files.close()
  }
})
