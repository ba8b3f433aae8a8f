import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A command as it is run and measured. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly folder?: string
}

/** One measured run. */
export interface MeasuredRun {
  /** Wall time of the whole process, start-up included. */
  readonly seconds: number
  /** Processor time of all its threads; null where it cannot be measured. */
  readonly cpuSeconds: number | null
  /** Largest resident set, in KiB; null where it cannot be measured. */
  readonly peakKiB: number | null
  readonly output: string
}

const TIME = '/usr/bin/time'
const LONGEST_RUN_MS = 30 * 60 * 1000

/**
 * Runs a command to its end.
 * @throws Error with the command and the end of its output when it fails or takes longer than half an hour.
 */
export function run({ program, args, folder }: Command): MeasuredRun {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-'))
  const usage = join(scratch, 'usage')
  const measured = existsSync(TIME)
  const [file, argv] = measured
    ? [TIME, ['--quiet', '-f', '%M %U %S', '-o', usage, program, ...args]]
    : [program, [...args]]
  try {
    const start = performance.now()
    const child = spawnSync(file, argv, {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      timeout: LONGEST_RUN_MS,
      ...(folder === undefined ? {} : { cwd: folder }),
    })
    const seconds = (performance.now() - start) / 1000
    if (child.error !== undefined || child.status !== 0) {
      const why = child.error?.message ?? `exit status ${child.status}`
      throw new Error(`${[program, ...args].join(' ')}: ${why}\n${tail(child.stdout)}${tail(child.stderr)}`)
    }
    if (!measured) return { seconds, cpuSeconds: null, peakKiB: null, output: child.stdout }
    const [peakKiB, user, system] = readFileSync(usage, 'utf8').trim().split(' ').map(Number)
    return { seconds, cpuSeconds: user + system, peakKiB, output: child.stdout }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function tail(output: string | null): string {
  return (output ?? '').split('\n').slice(-20).join('\n')
}
