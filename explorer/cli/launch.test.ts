import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { effort } from '../testing/effort.ts'
import { builtPrograms, LAUNCHER, MAIN, PLAIN, SMALL } from './testing/built-programs.ts'

/** A program that does not start, or ends early, ends with 70 and one line: nothing else says that no verdict was given. */

const { folder, run } = builtPrograms()

/** Runs a program after some code, which Node loads first. */
const runAfter = (code: string, program: string, args: readonly string[]) =>
  run(program, args, {
    ...PLAIN,
    NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(code)}"`,
  })

/** Claims to be another Node. */
const asNode = (version: string) =>
  `const { node: _, ...others } = process.versions
  Object.defineProperty(process, 'versions', { value: { ...others, node: '${version}' } })
  Object.defineProperty(process, 'version', { value: 'v${version}' })`

/** A package as npm installs it: the launcher and one build. */
function installed(name: string): { readonly launcher: string; readonly build: string } {
  const cli = join(folder(), name, 'explorer', 'cli')
  mkdirSync(cli, { recursive: true })
  for (const file of ['mmucheck.cjs', 'launch.cjs']) cpSync(join(dirname(LAUNCHER), file), join(cli, file))
  cpSync(join(dirname(LAUNCHER), '..', '..', 'package.json'), join(folder(), name, 'package.json'))
  const build = join(folder(), name, 'dist', 'build')
  cpSync(dirname(MAIN), build, { recursive: true, filter: (path) => !path.endsWith('tools') })
  return { launcher: join(cli, 'mmucheck.cjs'), build }
}

const DOES_NOT_START = /^mmucheck: internal error: the program does not start: [^\n]+\n$/

describe('the launcher', () => {
  it('runs the program, through a link too, and passes on its status', () => {
    const link = join(folder(), 'mmucheck')
    symlinkSync(LAUNCHER, link)
    for (const program of [LAUNCHER, link]) {
      expect(run(program, ['--version'])).toMatchObject({ status: 0, stderr: '' })
      expect(run(program, ['check', 'nothing'])).toMatchObject({ status: 2, stdout: '' })
    }
    expect(run(LAUNCHER, ['check', 'roots-zap-all', '--design', 'R1', '--quiet'])).toMatchObject({
      status: 1,
    })
  })

  it.each(['0.12.18', '18.20.8'])('ends with 70 and one line on Node %s', (version) => {
    const line = `mmucheck: needs Node 20 or newer, this is v${version}\n`
    expect(runAfter(asNode(version), LAUNCHER, ['list'])).toEqual({ status: 70, stdout: '', stderr: line })
  })

  it('is written so that each Node can read it', () => {
    const code = readFileSync(LAUNCHER, 'utf8').replace(/^(#!|\/\/).*$/gm, '')
    expect(code).not.toMatch(/=>|`|\?\.|\?\?|\b(let|const|class|async|await|import)\b/)
  })

  it('runs an installed package', () => {
    const { launcher } = installed('whole')
    expect(run(launcher, ['check', 'roots-zap-one', '--quiet'])).toMatchObject({ status: 0, stderr: '' })
  })

  const DAMAGES: readonly (readonly [string, (build: string) => void])[] = [
    ['no build', (build) => rmSync(join(build, '..'), { recursive: true })],
    ['half a build', (build) => rmSync(join(build, 'stamp.json'))],
    ['no program', (build) => rmSync(join(build, 'main.mjs'))],
    ['a program that is no JavaScript', (build) => writeFileSync(join(build, 'main.mjs'), 'if (')],
    ['a program that is cut off', (build) => appendFileSync(join(build, 'main.mjs'), '\nfunction cut() {')],
    [
      'a program that fails at once',
      (build) => writeFileSync(join(build, 'main.mjs'), 'throw new Error("a\\nb")'),
    ],
    [
      'a file missing',
      (build) => {
        const chunk = readdirSync(build).find((name) => /^program-file-|^rolldown-runtime-/.test(name)) ?? ''
        rmSync(join(build, chunk))
      },
    ],
  ]
  // Each is another copy of the program.
  it.each(DAMAGES.filter((_, n) => n % effort(3, 1) === 0))(
    'ends with 70 and one line with %s',
    (name, damage) => {
      const { launcher, build } = installed(name.replaceAll(' ', '-'))
      damage(build)
      const { status, stdout, stderr } = run(launcher, ['list'])
      expect([status, stdout]).toEqual([70, ''])
      expect(stderr).toMatch(DOES_NOT_START)
    },
  )
})

describe('a checkout', () => {
  it('is not made ready by a Node that is too old', () => {
    const preparation = join(dirname(LAUNCHER), '..', '..', '.ci', 'ready.mjs')
    expect(runAfter(asNode('18.20.8'), preparation, [])).toEqual({
      status: 70,
      stdout: '',
      stderr: 'mmucheck: needs Node 20 or newer, this is v18.20.8\n',
    })
  })
})

describe('the program', () => {
  const early = 'mmucheck: internal error: the program ended before its work was done\n'

  it.each([0, 1, 3])('ends with 70 when something else ends it with %i', (status) => {
    const code = `import { Worker } from 'node:worker_threads'
    Worker.prototype.postMessage = () => setTimeout(() => process.exit(${status}))`
    expect(runAfter(code, SMALL, ['check', 'endless'])).toEqual({ status: 70, stdout: '', stderr: early })
  })

  it('ends with 70 when nothing is left that could bring the verdict', () => {
    const lost = `import { Worker } from 'node:worker_threads'
    Worker.prototype.ref = Worker.prototype.unref`
    expect(runAfter(lost, SMALL, ['check', 'zap'])).toEqual({ status: 70, stdout: '', stderr: early })
  })

  it('keeps its verdict when something else ends it afterwards', () => {
    const code = `process.on('exit', () => { process.exitCode = 0 })`
    expect(runAfter(code, SMALL, ['check', 'zap', '--design', 'D1']).status).toBe(1)
  })

  it.each<[string, string, string[], string]>([
    ['the program', 'isMainThread', ['doctor'], 'doctor.ts'],
    ['a search thread', '!isMainThread', ['check', 'zap'], 'limit-watch.ts'],
  ])('says where in the sources an error of %s came from', (_, where, args, place) => {
    const code = `import os from 'node:os'
    import { syncBuiltinESMExports } from 'node:module'
    import { isMainThread } from 'node:worker_threads'
    if (${where}) os.totalmem = () => { throw new Error('no memory') }
    syncBuiltinESMExports()`
    const { status, stdout, stderr } = runAfter(code, SMALL, args)
    expect([status, stdout]).toEqual([70, ''])
    expect(stderr).toMatch(/^mmucheck: internal error: .*no memory\n/)
    const found = /at \w+ \((.*\.ts):(\d+):\d+\)/.exec(stderr)
    const [, file, line] = found ?? []
    expect(basename(file)).toBe(place)
    expect(readFileSync(file, 'utf8').split('\n')[Number(line) - 1]).toContain('totalmem()')
    expect(stderr).not.toContain('.mjs')
  })
})
