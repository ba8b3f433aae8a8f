import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readCounterexample } from '../../counterexamples/counterexample-file.ts'
import { freshProcess } from './confirm.ts'
import { counterexampleFiles } from './counterexample-files.ts'
import { resultSchema } from './report/result-json.ts'
import type { SearchRunner } from './search-runner.ts'
import { builtPrograms, PLAIN, SMALL, SMALL_REPLAY } from './testing/built-programs.ts'
import { CHECKER, inThisThread, runSmall } from './testing/run-small.ts'

/** Output that has no place to go, and input that is not there twice: what only a process can show. */

const { folder, run } = builtPrograms()
const CELL = ['check', 'zap', '--design', 'D1', '--property', 'I-1']
// The deadlock is not asked for.
const LAST = 'mmucheck: 2 violated, 0 hold, 0 inconclusive; 1 violation not asked for\n'

/** Runs a line of bash, in which "$MMU" is the program on the small catalogue. */
function bash(line: string) {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
    cwd: folder(),
    encoding: 'utf8',
    env: { ...PLAIN, MMU: `${process.execPath} ${SMALL}` },
    timeout: 60_000,
  })
  return { status, stdout, stderr }
}

describe('a full disk', () => {
  it('as standard output: everything goes to standard error, and the status stays', () => {
    const { status, stderr } = bash(`$MMU ${CELL.join(' ')} > /dev/full`)
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^mmucheck: warning: cannot write to standard output: ENOSPC; the rest of it follows here\n/,
    )
    expect(stderr).toContain('root-dropped  VIOLATED')
    expect(stderr.endsWith(LAST)).toBe(true)
    const json = bash(`$MMU ${CELL.join(' ')} --json > /dev/full`).stderr
    expect(resultSchema.parse(JSON.parse(json.slice(json.indexOf('{')))).verdict).toBe('violated')
  })

  it('as standard output of what holds is no success: its reader has not got it', () => {
    expect(bash('$MMU check zap --property I-1 > /dev/full').status).toBe(70)
    expect(bash('$MMU list > /dev/full').status).toBe(70)
    expect(bash('$MMU check zap --property I-9 > /dev/full').status).toBe(2)
  })

  it('as standard error, or as both, changes no status', () => {
    expect(bash(`touch file; $MMU ${CELL.join(' ')} --out file 2> /dev/full`)).toMatchObject({ status: 1 })
    expect(bash(`$MMU ${CELL.join(' ')} > /dev/full 2>&1`).status).toBe(1)
  })

  const mounted =
    spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs -o size=8k none $d && umount $d']).status === 0
  it.skipIf(!mounted)('as folder of counterexamples and results', () => {
    const disk = join(folder(), 'disk')
    mkdirSync(disk)
    expect(
      bash('mount -t tmpfs -o size=8k none disk; head -c 100000 /dev/zero > disk/full').stderr,
    ).toContain('No space')
    try {
      const { status, stdout, stderr } = run(SMALL, [...CELL, '--out', 'disk', '--json', 'disk/r.json'])
      expect(status).toBe(1)
      expect(stderr).toMatch(
        /cannot write to disk: ENOSPC; .*\n.*cannot write to disk\/r\.json: ENOSPC; .*\n$/,
      )
      expect(stdout).toContain('<--- BUG: root-dropped')
      expect(stdout.endsWith(LAST)).toBe(true)
      expect(readdirSync(disk)).toEqual(['full'])
    } finally {
      bash('umount disk')
    }
  })
})

describe('a folder that goes away', () => {
  it('does not take the verdict with it, even before the first thread starts', () => {
    const gone = join(folder(), 'gone')
    mkdirSync(gone)
    // Node itself does not start in a folder that is gone, so it goes when Node has started.
    const remove = `import { rmSync } from 'node:fs'; rmSync(${JSON.stringify(gone)}, { recursive: true, force: true })`
    const preload = ['--import', `data:text/javascript,${encodeURIComponent(remove)}`]
    const args = [...preload, SMALL, ...CELL, '--json', 'r.json']
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: gone,
      encoding: 'utf8',
      env: PLAIN,
    })
    expect(existsSync(gone)).toBe(false)
    const warnings =
      /^mmucheck: warning: cannot write to out: E\w+; .*\nmmucheck: warning: cannot write to r\.json: E\w+; .*\n$/
    expect([status, stderr]).toEqual([1, expect.stringMatching(warnings)])
    expect(stdout).toContain('<--- BUG: root-dropped')
    expect(stdout.endsWith(LAST)).toBe(true)
  })

  it('does not hinder the replay in a fresh process', async () => {
    run(SMALL, CELL)
    const ce = readCounterexample(join(folder(), 'out', readdirSync(join(folder(), 'out'))[0]))
    const before = process.cwd()
    const gone = join(folder(), 'gone')
    mkdirSync(gone)
    process.chdir(gone)
    rmdirSync(gone)
    try {
      await expect(freshProcess(SMALL_REPLAY).confirm(ce)).resolves.toBeNull()
    } finally {
      process.chdir(before)
    }
  })
})

describe('a design that is there once', () => {
  const DESIGN = { id: 'mine', title: 'mine', patches: [{ op: 'move', name: 'Z.2', before: 'Z.1' }] }
  const write = (design: unknown): void => writeFileSync(join(folder(), 'mine.json'), JSON.stringify(design))
  const OWN = 'check zap --property I-1 --design'

  it('from a pipe of the shell', () => {
    write(DESIGN)
    for (const pipe of ['<(cat mine.json)', '<(sleep 3; cat mine.json)', '/dev/stdin < <(cat mine.json)']) {
      const { status, stdout, stderr } = bash(`$MMU ${OWN} ${pipe}`)
      expect([status, stderr]).toEqual([1, ''])
      expect(stdout.endsWith(LAST)).toBe(true)
    }
    expect(bash(`$MMU ${OWN} <(yes)`)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^mmucheck: cannot read the design \/dev\/fd\/\d+: it is larger than 1 MiB\n/,
      ),
    })
  })

  it('and not from what never ends', () => {
    bash('mkfifo fifo')
    for (const path of ['./fifo', '/dev/zero', '/dev/tty', '/dev/random']) {
      const { status, stderr } = bash(`$MMU ${OWN} ${path}`)
      expect([path, status]).toEqual([path, 2])
      expect(stderr).toMatch(/^mmucheck: cannot read the design \S+: it is not a regular file\n/)
      expect(bash(`$MMU show ${path}`).status).toBe(2)
    }
  })

  it('and may change while it is searched', async () => {
    write(DESIGN)
    const file = join(folder(), 'mine.json')
    const changing: SearchRunner = {
      run: (...asked) => {
        writeFileSync(file, '{ "id": "mine", "patches": [] }')
        return inThisThread.run(...asked)
      },
    }
    const writer = counterexampleFiles(CHECKER, freshProcess(SMALL_REPLAY).confirm)
    const out = join(folder(), 'changed')
    const args = ['check', 'zap', '--property', 'I-1', '--design', file, '--out', out]
    const { status, err } = await runSmall(args, { runner: changing, writer })
    expect([status, err]).toEqual([1, []])
    expect(readdirSync(out)).toHaveLength(2)
  })
})
