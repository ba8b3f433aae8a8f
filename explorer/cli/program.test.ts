import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { wrap } from './io.ts'
import { ProgressDisplay } from './progress.ts'
import { runTiny } from './tiny/session.ts'

const COMMANDS = ['check', 'list', 'explain', 'show', 'replay', 'shrink', 'machine', 'doctor']

describe('help', () => {
  it.each([[], ...COMMANDS.map((c) => [c])])(
    '%s fits 80 columns and says what scripts need',
    async (...command) => {
      const { status, out, err } = await runTiny([...command, '--help'])
      expect([status, err]).toEqual([0, []])
      expect(out[0]).toMatch(/^Usage: mmucheck/)
      for (const line of out) expect(line.length).toBeLessThanOrEqual(80)
      for (const line of out) expect(line).not.toContain('\t')
      expect(out).toContain('EXIT STATUS')
      expect(out).toContain('ENVIRONMENT')
    },
  )

  it('lists every command', async () => {
    const { out } = await runTiny(['--help'])
    for (const command of COMMANDS) expect(out.some((line) => line.startsWith(`  ${command} `))).toBe(true)
  })
})

describe('the command line', () => {
  it.each([
    [['chek'], 'mmucheck: no command is called "chek"; did you mean check?'],
    [['--jsn'], "mmucheck: unknown option '--jsn'"],
    [['explain'], "mmucheck: missing required argument 'name'"],
    [['doctor', 'me'], "mmucheck: too many arguments for 'doctor'. Expected 0 arguments but got 1."],
    [['check', '--max-states'], "mmucheck: option '--max-states <n>' argument missing"],
  ])('answers %j with one line and 2', async (args, message) => {
    const { status, out, err } = await runTiny(args)
    expect([status, out]).toEqual([2, []])
    expect(err).toEqual([message, 'Try --help.'])
  })

  it('prints its version', async () => {
    expect(await runTiny(['--version'])).toEqual({ status: 0, out: ['0.0.0'], err: [] })
  })

  it('tells what a bug report needs', async () => {
    const { out } = await runTiny(['doctor', '--json'])
    const facts = JSON.parse(out.join('\n'))
    expect(facts).toMatchObject({
      mmucheck: '0.0.0',
      model: '0123456789abcdef',
      node: process.version,
      xstate: expect.stringMatching(/^5\./),
    })
    for (const what of ['cores', 'memoryMiB', 'memoryLimitMiB', 'heapLimitMiB']) {
      expect(facts[what]).toBeGreaterThan(0)
    }
  })
})

describe('wrap', () => {
  it('breaks at spaces and indents every line', () => {
    expect(wrap('one two three four', 10, '  ')).toEqual(['  one two', '  three', '  four'])
    expect(wrap('  a   b\nc ', 80)).toEqual(['a b c'])
    expect(wrap('indivisible', 5)).toEqual(['indivisible'])
  })
})

describe('progress', () => {
  const state = { states: 1000, transitions: 2000, frontier: 10, depth: 5, seconds: 2, bytes: 0 }

  function display(live: boolean, quiet = false) {
    const lines: string[] = []
    const replaced: string[] = []
    let now = 0
    const io = {
      out: () => {},
      err: (line: string) => lines.push(line),
      status: (line: string) => replaced.push(line),
      live,
      colour: new Chalk({ level: 0 }),
      input: process.stdin,
      width: 80,
    }
    const progress = new ProgressDisplay(io, quiet, () => now)
    return {
      lines,
      replaced,
      at: (ms: number) => {
        now = ms
        progress.update('zap', state)
      },
    }
  }

  it('is a plain line each ten seconds when nobody watches', () => {
    const { lines, replaced, at } = display(false)
    for (let ms = 0; ms <= 25_000; ms += 100) at(ms)
    expect(lines).toEqual(Array(2).fill('zap: 1000 states, depth 5, 10 to expand, 2 s, 500 states/s'))
    expect(replaced).toEqual([])
  })

  it('is one line that is replaced on a terminal', () => {
    const { lines, replaced, at } = display(true)
    at(0)
    at(100)
    expect([lines, replaced.length]).toEqual([[], 2])
    for (const line of replaced) expect(line.length).toBeLessThan(80)
  })

  it('is silent when asked to be', () => {
    const { lines, replaced, at } = display(true, true)
    at(20_000)
    expect([lines, replaced]).toEqual([[], []])
  })
})
