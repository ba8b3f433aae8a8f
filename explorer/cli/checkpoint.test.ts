import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Forgery, forge } from '../checkpoint/testing/forged-checkpoints.ts'
import { resultSchema } from './report/result-json.ts'
import { builtPrograms, type Ended, SMALL } from './testing/built-programs.ts'
import { runSmall } from './testing/run-small.ts'

/**
 * Searches that are stopped, killed and continued: through the built program where signals, threads and other
 * processes are concerned, in this process where what is said and done is the same.
 */

const { folder, run, begin } = builtPrograms()
const before = process.cwd()
beforeAll(() => process.chdir(folder()))
afterAll(() => process.chdir(before))

/** As `run(SMALL, args)`, in this process. */
async function runHere(args: readonly string[]): Promise<Ended> {
  const { status, out, err } = await runSmall(args)
  const [stdout, stderr] = [out, err].map((lines) => lines.map((line) => `${line}\n`).join(''))
  return { status, stdout, stderr }
}

const place = (...parts: string[]) => join(folder(), 'cp', ...parts)
const manifest = () => place('counts.upstream', 'checkpoint.json')
beforeEach(() => rmSync(place(), { recursive: true, force: true }))

/** What a whole search and a continued one must agree on. */
function found(stdout: string) {
  const { verdict, checks } = resultSchema.parse(JSON.parse(stdout))
  const [{ seconds: _, bytesPerState: __, resumedFrom: ___, ...check }] = checks
  return { verdict, check }
}

const COUNTS = ['check', 'counts', '--json']
let remembered: ReturnType<typeof found> | null = null
/** What an uninterrupted search finds. */
function whole() {
  remembered ??= found(run(SMALL, COUNTS).stdout)
  return remembered
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 2000 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(condition()).toBe(true)
}

describe('a checkpoint that cannot be written', () => {
  it('costs a warning, not the verdict', () => {
    writeFileSync(place(), 'a file')
    const { status, stdout, stderr } = run(SMALL, [
      ...COUNTS,
      '--checkpoint',
      'cp',
      '--checkpoint-every',
      '0.02',
    ])
    expect(found(stdout)).toEqual(whole())
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^mmucheck: warning: cannot write a checkpoint to cp.counts\.upstream: E\w+: .*; the search continues without it: free some space, .*\n$/,
    )
  })

  it('leaves nothing unfinished behind', async () => {
    // The manifest cannot take the place of a folder.
    mkdirSync(join(manifest(), 'folder'), { recursive: true })
    const { status, stderr } = await runHere([...COUNTS, '--checkpoint', 'cp'])
    expect(status).toBe(1)
    expect(stderr).toContain('warning: cannot write a checkpoint')
    expect(readdirSync(place('counts.upstream')).filter((name) => name.startsWith('generation'))).toEqual([])
  })

  it('does not end a search when its folder goes away meanwhile', async () => {
    const { child, ended } = begin([...COUNTS, '--checkpoint', 'cp', '--checkpoint-every', '0.02'])
    await until(() => existsSync(manifest()))
    rmSync(place(), { recursive: true, force: true })
    expect(child.exitCode).toBe(null)
    const { status, stdout } = await ended
    expect([status, found(stdout)]).toEqual([1, whole()])
  })
})

describe('a search with checkpoints', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('that %s stops says how to resume, exits with %i, and resumes', async (signal, expected) => {
    const args = [...COUNTS, '--checkpoint', 'cp', '--checkpoint-every', '0.02']
    const { child, ended } = begin(args)
    await until(() => existsSync(manifest()))
    child.kill(signal)
    const { status, stdout, stderr } = await ended
    expect([status, stderr]).toEqual([expected, ''])
    const { check, verdict } = found(stdout)
    expect(verdict).not.toBe('holds')
    expect(check).toMatchObject({ complete: false, incompleteReason: 'interrupted', resume: 'cp' })
    expect(check.states).toBeLessThan(whole().check.states)
    const rest = run(SMALL, [...COUNTS, '--resume', 'cp'])
    expect(found(rest.stdout)).toEqual(whole())
    expect(rest.status).toBe(1)
  })

  it('has its folder for itself: a second process ends with 2 and one line', async () => {
    const { child, ended } = begin([...COUNTS, '--checkpoint', 'cp', '--checkpoint-every', '0.02'])
    await until(() => existsSync(manifest()))
    child.kill('SIGSTOP')
    for (const option of ['--checkpoint', '--resume']) {
      const { status, stdout, stderr } = run(SMALL, [...COUNTS, option, 'cp'])
      expect([status, stdout, stderr]).toEqual([
        2,
        '',
        `mmucheck: --checkpoint: cp/counts.upstream is in use by process ${child.pid}; wait for it, or name another folder\n`,
      ])
    }
    expect(run(SMALL, ['check', 'zap', '--property', 'root-dropped', '--checkpoint', 'cp']).status).toBe(0)
    child.kill('SIGCONT')
    const { status, stdout } = await ended
    expect([status, found(stdout)]).toEqual([1, whole()])
    expect(readdirSync(place('counts.upstream')).filter((name) => name.startsWith('lock'))).toEqual([])
  })

  it('that is killed again and again ends as if it had not been', async () => {
    let kills = 0
    for (;;) {
      const resume = existsSync(manifest()) ? ['--resume', 'cp'] : []
      const { child, ended } = begin([
        ...COUNTS,
        ...['--checkpoint', 'cp', '--checkpoint-every', '0.02', ...resume],
      ])
      if (kills < 2) {
        const before = existsSync(manifest()) ? readFileSync(manifest(), 'utf8') : ''
        await until(() => existsSync(manifest()) && readFileSync(manifest(), 'utf8') !== before)
        child.kill('SIGKILL')
        expect((await ended).status).toBe(null)
        kills++
        continue
      }
      expect(found((await ended).stdout)).toEqual(whole())
      break
    }
  })

  it('says in text and JSON which checkpoint it was resumed from', async () => {
    const from = async (...more: string[]) => {
      const { stdout } = await runHere(['check', 'zap', '--checkpoint', 'cp', ...more, '--json'])
      return resultSchema.parse(JSON.parse(stdout)).checks[0].resumedFrom
    }
    expect(await from()).toBe(null)
    expect(await from('--resume', 'cp')).toBe('cp/zap.upstream')
    const text = async (...more: string[]) =>
      (await runHere(['check', 'zap', '--checkpoint', 'cp', ...more])).stdout
    expect(await text()).not.toContain('resumed from')
    expect(await text('--resume', 'cp')).toContain('\n  resumed from cp/zap.upstream\n')
    // Of two searches only one has a checkpoint to resume from.
    const { stdout } = await runHere(['check', 'zap', 'waits', '--resume', 'cp', '--json'])
    expect(resultSchema.parse(JSON.parse(stdout)).checks.map((check) => check.resumedFrom)).toEqual([
      'cp/zap.upstream',
      null,
    ])
  })

  it('that a limit stopped resumes, and says how in text too', async () => {
    const limited = ['check', 'counts', '--checkpoint', 'cp', '--max-states', '100000']
    const { status, stdout } = await runHere(limited)
    expect(status).toBe(1)
    expect(stdout).toContain('INCOMPLETE: more than 100000 states')
    expect(stdout).toContain('\n  to resume: the same command with --resume cp\n')
    expect(found((await runHere([...COUNTS, '--resume', 'cp'])).stdout)).toEqual(whole())
  })

  it.each(['alike', 'lopsided', 'waits', 'zap'])(
    'loses nothing by that, and once finished has nothing to do: %s',
    async (id) => {
      const plain = await runHere(['check', id, '--json'])
      const args = ['check', id, '--checkpoint', 'cp', '--json']
      for (const more of [[], ['--resume', 'cp']]) {
        const { status, stdout } = await runHere([...args, ...more])
        expect([status, found(stdout)]).toEqual([plain.status, found(plain.stdout)])
      }
    },
  )

  it('that has finished ends at once when it is resumed', async () => {
    expect(found((await runHere([...COUNTS, '--checkpoint', 'cp'])).stdout)).toEqual(whole())
    const written = readFileSync(manifest(), 'utf8')
    expect(found((await runHere([...COUNTS, '--resume', 'cp'])).stdout)).toEqual(whole())
    expect(readFileSync(manifest(), 'utf8')).toBe(written)
  })

  it('has one worker, and says so', () => {
    const { check } = found(run(SMALL, [...COUNTS, '--checkpoint', 'cp', '--workers', '2']).stdout)
    expect([check.workers, check.notApplied]).toEqual([
      1,
      [...whole().check.notApplied, 'workers: a search that leaves checkpoints has one worker'],
    ])
  })

  it('can be compared with the full search, which leaves checkpoints too', async () => {
    const args = ['check', 'alike', '--self-check', '--checkpoint', 'cp', '--json']
    const first = found((await runHere(args)).stdout)
    expect([first.check.states, first.check.selfCheck?.states]).toEqual([28, 729])
    expect(existsSync(place('alike.upstream', 'self-check', 'checkpoint.json'))).toBe(true)
    const again = found((await runHere([...args, '--resume', 'cp'])).stdout)
    expect([again.verdict, again.check.states]).toEqual([first.verdict, 28])
  })

  it('has a folder for each of several searches; those not begun are begun', async () => {
    const two = ['check', 'counts', 'zap', '--checkpoint', 'cp', '--max-states', '100000', '--workers', '1']
    expect((await runHere(two)).stdout).toContain('to resume')
    expect(readdirSync(place())).toEqual(['counts.upstream', 'zap.upstream'])
    rmSync(place('zap.upstream'), { recursive: true })
    const { status, stdout } = await runHere(['check', 'counts', 'zap', '--resume', 'cp'])
    expect([status, stdout.includes('INCOMPLETE')]).toEqual([1, false])
    expect(stdout).toContain('complete, 262144 states')
    expect(stdout).toContain('complete, 6 states')
  })
})

describe('a checkpoint is refused with one line and 2', () => {
  const stopped = () => runHere(['check', 'counts', '--checkpoint', 'cp', '--max-states', '10000'])
  const refusal = async (...args: string[]): Promise<string> => refusalOf(await runHere(['check', ...args]))
  function refusalOf({ status, stdout, stderr }: Ended): string {
    expect([status, stdout]).toEqual([2, ''])
    const [line, ...rest] = stderr.trimEnd().split('\n')
    expect(rest).toEqual(['Try --help.'])
    return line
  }

  it('when there is none', async () => {
    expect(await refusal('counts', '--resume', 'nowhere')).toBe(
      'mmucheck: --resume: there is no folder nowhere',
    )
    await stopped()
    expect(await refusal('zap', '--resume', 'cp')).toBe(
      'mmucheck: --resume: there is no checkpoint of any of these searches in cp; it has counts.upstream',
    )
    rmSync(manifest())
    expect(await refusal('counts', '--resume', 'cp')).toBe(
      'mmucheck: --resume: there is no checkpoint of any of these searches in cp; it has counts.upstream',
    )
  })

  it('when it is damaged', async () => {
    await stopped()
    const generation = readdirSync(place('counts.upstream')).find((name) => name !== 'checkpoint.json') ?? ''
    cpSync(place(), place('..', 'sound'), { recursive: true })
    const files = readdirSync(place('counts.upstream', generation)).filter(
      (file) => !file.includes('made-by'),
    )
    for (const file of files) {
      const path = place('counts.upstream', generation, file)
      const bytes = readFileSync(path)
      bytes[bytes.length >> 1] ^= 1
      writeFileSync(path, bytes)
      expect(await refusal('counts', '--resume', 'cp')).toContain('damaged')
      rmSync(place(), { recursive: true })
      cpSync(place('..', 'sound'), place(), { recursive: true })
    }
  })

  it('when it was forged, whatever its checksums say', async () => {
    const lossy = ['--storage', 'fingerprint']
    await runHere(['check', 'counts', '--checkpoint', 'cp', '--max-states', '10000', ...lossy])
    cpSync(place(), place('..', 'genuine'), { recursive: true })
    const forged = (change: (forgery: Forgery) => void): Promise<string> => {
      rmSync(place(), { recursive: true })
      cpSync(place('..', 'genuine'), place(), { recursive: true })
      forge(place('counts.upstream'), change)
      return refusal('counts', '--resume', 'cp', ...lossy)
    }
    const cut = await forged(({ sections }) => {
      sections.table = sections.table.slice(0, -8)
    })
    expect(cut).toContain('is damaged: its table has')
    const finished = await forged(({ meta }) => {
      meta.search.position.head = meta.states
    })
    expect(finished).toContain('is damaged: state')
    const text = readFileSync(manifest(), 'utf8')
    writeFileSync(manifest(), text.replace(/"bytes":\d+/, `"bytes":${2 ** 53}`))
    expect(await refusal('counts', '--resume', 'cp')).toContain('the checksum of checkpoint.json is wrong')
  })

  it('when it is of another model, other properties or another search configuration', async () => {
    await stopped()
    const other = ['counts', '--property', 'half-way', '--resume', 'cp']
    expect(refusalOf(run(SMALL, ['check', ...other]))).toContain('other properties')
    expect(await refusal(...other)).toContain('other properties')
    expect(await refusal('counts', '--storage', 'fingerprint', '--resume', 'cp')).toContain('storage exact')
    expect(await refusal('counts', '--seed', '9', '--resume', 'cp')).toContain('seed 1')
    expect(await refusal('counts', '--reduce', 'none', '--resume', 'cp')).toContain('reduce all, not none')
    renameSync(place('counts.upstream'), place('endless.upstream'))
    expect(await refusal('endless', '--resume', 'cp')).toContain('of another model')
  })
})
