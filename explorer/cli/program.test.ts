import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { namedIn, namesOf } from './catalogue.ts'
import { LISTS } from './commands/list.ts'
import * as help from './help.ts'
import { catalogue as kvm } from './kvm-catalogue.ts'
import { ProgressDisplay, type ProgressOptions } from './report/progress.ts'
import { runSmall } from './testing/run-small.ts'
import { wrapAtSpaces } from './wrap.ts'

const COMMANDS = [
  'check',
  'list',
  'explain',
  'show',
  'replay',
  'shrink',
  'machine',
  'drift',
  'init',
  'doctor',
]

describe('help', () => {
  it.each([[], ...COMMANDS.map((c) => [c])])(
    '%s fits 80 columns and says what scripts need',
    async (...command) => {
      const { status, out, err } = await runSmall([...command, '--help'])
      expect([status, err]).toEqual([0, []])
      expect(out[0]).toMatch(/^Usage: mmucheck/)
      for (const line of out) expect(line.length).toBeLessThanOrEqual(80)
      for (const line of out) expect(line).not.toContain('\t')
      expect(out).toContain('EXIT STATUS')
      expect(out).toContain('ENVIRONMENT')
    },
  )

  it('lists every command', async () => {
    const { out } = await runSmall(['--help'])
    for (const command of COMMANDS) expect(out.some((line) => line.startsWith(`  ${command} `))).toBe(true)
  })
})

describe('the examples of the help', () => {
  const texts = Object.values(help).join('\n')
  const examples = [...texts.matchAll(/^ {2}(?:git bisect run npx )?mmucheck\b( .*)?$/gm)].map(
    ([, rest = '']) =>
      // A remark follows after two spaces.
      rest.split(/ {2,}/)[0].trim(),
  )

  it('are found', () => expect(examples.length).toBeGreaterThan(18))

  it.each(examples)('mmucheck %s: command, options and names exist', async (line) => {
    const words = line.split(' ').filter((word) => word !== '')
    const [command] = words
    const usage = (await runSmall([...(command === undefined ? [] : [command]), '--help'])).out.join('\n')
    for (const option of words.filter((word) => word.startsWith('--'))) expect(usage).toContain(`${option} `)
    if (command === undefined) return
    expect(usage).toMatch(new RegExp(`^Usage: mmucheck ${command}\\b`))
    const isValue = (word: string, n: number): boolean =>
      n > 0 && /^[A-Za-z][\w-]*$/.test(word) && !/^--(tier|status|budget)$/.test(words[n - 1])
    const values = words.filter(isValue)
    const known = [...namesOf(namedIn(kvm)), ...LISTS]
    for (const value of values) expect(known).toContain(value)
  })
})

describe('the command line', () => {
  it.each([
    [['chek'], 'mmucheck: no command is called "chek"; did you mean check?'],
    [['--jsn'], "mmucheck: unknown option '--jsn' (did you mean --json?)"],
    [['explain'], "mmucheck: missing required argument 'name'"],
    [['doctor', 'me'], "mmucheck: too many arguments for 'doctor'. Expected 0 arguments but got 1."],
    [['check', '--max-states'], "mmucheck: option '--max-states <n>' argument missing"],
  ])('answers %j with one line and 2', async (args, message) => {
    const { status, out, err } = await runSmall(args)
    expect([status, out]).toEqual([2, []])
    expect(err).toEqual([message, 'Try --help.'])
  })

  it('prints its version', async () => {
    expect(await runSmall(['--version'])).toEqual({ status: 0, out: ['0.0.0'], err: [] })
  })

  it('tells what a bug report needs', async () => {
    const { out } = await runSmall(['doctor', '--json'])
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
    expect(wrapAtSpaces('one two three four', 10, '  ')).toEqual(['  one two', '  three', '  four'])
    expect(wrapAtSpaces('  a   b\nc ', 80)).toEqual(['a b c'])
    expect(wrapAtSpaces('indivisible', 5)).toEqual(['indivisible'])
  })
})

describe('progress', () => {
  const state = {
    states: 1_234_567,
    transitions: 2000,
    frontier: 10_300,
    depth: 5,
    seconds: 2,
    bytes: 3 * 2 ** 20 + 1,
  }
  const line = 'zap: 1.23M states, 617.3k/s, 10.3k to expand, depth 5, 4 MiB, 2 s'

  function display(live: boolean, options: Partial<ProgressOptions> = {}, shown = state) {
    const lines: string[] = []
    const replaced: string[] = []
    let now = 0
    const io = {
      out: () => {},
      err: (text: string) => lines.push(text),
      status: (text: string) => replaced.push(text),
      live,
      colour: new Chalk({ level: 0 }),
      input: process.stdin,
      editor: null,
      width: 80,
    }
    const progress = new ProgressDisplay(io, { quiet: false, searches: 1, ...options }, () => now)
    return {
      lines,
      replaced,
      progress,
      at: (ms: number) => {
        now = ms
        progress.update('zap', shown)
      },
    }
  }

  it('is a plain line each ten seconds when output is no terminal', () => {
    const { lines, replaced, at } = display(false)
    for (let ms = 0; ms <= 25_000; ms += 100) at(ms)
    expect(lines).toEqual([line, line])
    expect(replaced).toEqual([])
  })

  it('is one line that is replaced on a terminal', () => {
    const { lines, replaced, at } = display(true)
    at(0)
    at(100)
    expect([lines, replaced]).toEqual([[], [line, line]])
    const long = display(true, { limits: { maxStates: 2_000_000, maxDepth: 50, timeLimit: 10 } })
    long.at(0)
    expect(long.replaced[0]).toHaveLength(79)
  })

  it('says how much of the limits is used up, and how many searches are done', () => {
    const { lines, at, progress } = display(false, {
      searches: 7,
      limits: { maxStates: 2_000_000, maxDepth: 50, timeLimit: 10 },
    })
    at(10_000)
    progress.done('zap')
    at(20_000)
    const used = '61% of --max-states, 10% of --max-depth, 20% of --time-limit'
    expect(lines).toEqual([`1/7 ${line}, ${used}`, `2/7 ${line}, ${used}`])
  })

  it('says nothing of what is not known', () => {
    const { lines, at } = display(false, {}, { ...state, frontier: 0, depth: 0 })
    at(10_000)
    expect(lines).toEqual(['zap: 1.23M states, 617.3k/s, 4 MiB, 2 s'])
  })

  it('is silent when asked to be', () => {
    const { lines, replaced, at } = display(true, { quiet: true })
    at(20_000)
    expect([lines, replaced]).toEqual([[], []])
  })
})
