import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { ready } from '../../../.ci/ready.mjs'

/**
 * The built programs, for tests of what only a process can show: threads, signals, streams. Importing this builds
 * what is out of date.
 */

const build = await ready()

/** A built file that only a checkout has, by its name in .ci/programs.mjs. */
export const tool = (name: string): string => join(build, 'tools', `${name}.mjs`)

/** The command line on the small catalogue. */
export const SMALL = tool('small')
/** What confirms its counterexamples. */
export const SMALL_REPLAY = tool('small-replay')
/** The command line as users have it. */
export const MAIN = join(build, 'main.mjs')
/** What the shell starts: it runs MAIN, after a look at the sources. */
export const LAUNCHER = join(import.meta.dirname, '..', 'mmucheck.cjs')

/** The environment less what the runner of the tests prefers. */
const { NO_COLOR: _, FORCE_COLOR: __, COLUMNS: ___, ...plain } = process.env
export const PLAIN: NodeJS.ProcessEnv = plain

/** How a process ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that runs. */
export interface Begun {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Gives the tests of one file a separate folder to run programs in. */
export function builtPrograms() {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return {
    folder: (): string => folder,
    run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = PLAIN): Ended {
      const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
        cwd: folder,
        encoding: 'utf8',
        env,
      })
      return { status, stdout, stderr }
    },
    /** Starts the program on the small catalogue. */
    begin(args: readonly string[]): Begun {
      const child = spawn(process.execPath, [SMALL, ...args], { cwd: folder, env: PLAIN })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (text) => {
        stdout += String(text)
      })
      child.stderr.on('data', (text) => {
        stderr += String(text)
      })
      const ended = new Promise<Ended>((resolve) => {
        child.on('close', (status) => resolve({ status, stdout, stderr }))
      })
      return { child, ended }
    },
  }
}
