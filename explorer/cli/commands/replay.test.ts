import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { Chalk } from 'chalk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  counterexampleOf,
  formatCounterexample,
  readCounterexample,
} from '../../../counterexamples/counterexample-file.ts'
import { load } from '../counterexamples.ts'
import type { Io } from '../io.ts'
import { CHECKER, runSmall } from '../testing/run-small.ts'
import { catalogue } from '../testing/small-catalogue.ts'
import { stepThrough } from './replay-interactive.ts'

let folder: string
let file: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
  await runSmall(['check', 'zap', '--design', 'D1', '--property', 'I-1', '--out', folder])
  file = join(folder, readdirSync(folder)[0])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Writes the counterexample with other steps; its id fits. */
function changed(
  steps: readonly { thread: string; step: string }[],
  property = 'root-dropped',
  scenario = catalogue.scenarios[0],
): string {
  const design = catalogue.designs[1]
  const ce = counterexampleOf({
    tool: '0.0.0',
    scenario: scenario.id,
    design: design.id,
    property: { id: property, kind: 'invariant' },
    trace: { initial: 0, steps },
    model: '0123456789abcdef',
  })
  const path = join(folder, `${ce.id}.json`)
  writeFileSync(path, formatCounterexample(ce))
  return path
}

describe('show of several', () => {
  it.each([
    ['html', 'html'],
    ['itf', 'itf.json'],
    ['mermaid', 'mmd'],
    ['selftest', 'c'],
  ])('writes a file for each as %s, and prints one to standard output', async (form, ending) => {
    const other = changed([...readCounterexample(file).steps])
    const ids = [file, other].map((path) => readCounterexample(path).id)
    const out = join(folder, `shown-${form}`)
    const several = await runSmall(['show', file, other, '--as', form, '--out', out])
    expect(several).toEqual({ status: 0, out: ids.map((id) => join(out, `${id}.${ending}`)), err: [] })
    const one = await runSmall(['show', file, '--as', form, '--out', out])
    expect(`${one.out.join('\n')}\n`).toBe(readFileSync(several.out[0], 'utf8'))
  })

  it('writes none if one cannot be shown', async () => {
    const out = join(folder, 'none')
    const { status } = await runSmall([
      'show',
      file,
      join(folder, 'absent.json'),
      '--as',
      'html',
      '--out',
      out,
    ])
    expect(status).toBe(2)
    expect(existsSync(out)).toBe(false)
  })
})

describe('replay', () => {
  it('takes a file or an id, and says what fails', async () => {
    const { id } = readCounterexample(file)
    const line = `${id}: 4 steps of zap with request-first violate root-dropped`
    expect(await runSmall(['replay', file])).toEqual({ status: 0, out: [line], err: [] })
    expect(await runSmall(['replay', id, '--out', folder])).toEqual({ status: 0, out: [line], err: [] })
    expect(await runSmall(['replay', '--quiet', file, file])).toEqual({ status: 0, out: [], err: [] })
  })

  it('ends with 70 when the model does not allow a step', async () => {
    const { steps } = readCounterexample(file)
    const { status, err } = await runSmall(['replay', changed([...steps].reverse())])
    expect(status).toBe(70)
    expect(err).toHaveLength(1)
    expect(err[0]).toMatch(/^mmucheck: internal error: ce-\w+: step 1 of 4: zapper cannot take Z\.1/)
  })

  it('ends with 70 when nothing is violated', async () => {
    const { steps } = readCounterexample(file)
    const { status, err } = await runSmall(['replay', changed(steps.slice(0, 1))])
    expect(status).toBe(70)
    expect(err[0]).toContain('does not violate root-dropped in zap')
  })

  it('ends with 2 for a file that is broken, in one line', async () => {
    const broken: [string, string, string][] = [
      ['cut', readFileSync(file, 'utf8').slice(0, 100), 'not JSON'],
      ['edited', readFileSync(file, 'utf8').replace('"Z.1"', '"Z.2"'), 'the file was changed'],
      ['other', '{}', 'not a counterexample file'],
      ['future', '{"format":"mmucheck-counterexample/9"}', 'is not known'],
    ]
    for (const [name, text, message] of broken) {
      const path = join(folder, `${name}.json`)
      writeFileSync(path, text)
      for (const command of ['replay', 'show']) {
        const { status, out, err } = await runSmall([command, path])
        expect([status, out, err.length]).toEqual([2, [], 2])
        expect(err[0]).toContain(message)
      }
    }
  })

  it('ends with 2 for names that do not exist', async () => {
    const none = await runSmall(['replay', 'ce-00000000'])
    expect([none.status, none.err[0]]).toEqual([
      2,
      'mmucheck: there is no counterexample "ce-00000000": no such file, and no such id in out or among the known ones',
    ])
    const { steps } = readCounterexample(file)
    const property = await runSmall(['replay', changed(steps, 'root-droped')])
    expect([property.status, property.err[0]]).toEqual([
      2,
      'mmucheck: no property is called "root-droped"; did you mean root-dropped?',
    ])
  })
})

describe('replay -i', () => {
  const type = async (...typed: string[]) =>
    (await runSmall(['replay', '-i', file, '--out', folder], { typed })).out

  it('goes to the end step by step', async () => {
    const out = await type('n', '', 'n', 'n', 'n', 'q')
    expect(out.filter((line) => /^\d/.test(line))).toEqual([
      '1/4 zapper Z.2 (request)',
      '2/4 vcpu V.1 (check)',
      expect.stringMatching(/^3\/4 /),
      expect.stringMatching(/^4\/4 /),
    ])
    expect(out.at(-2)).toBe('    <--- violates root-dropped')
    expect(out.at(-1)).toBe('there are steps 0 to 4')
  })

  it('goes back, jumps, and stays with one thread', async () => {
    const out = await type('g 2', 'p', 'N', 'P', 'g 99', 'q')
    expect(out.filter((line) => /^\d/.test(line)).map((line) => line[0])).toEqual(['2', '1', '4', '1'])
    expect(out.at(-1)).toBe('there are steps 0 to 4')
  })

  it('finds the last write of a field', async () => {
    const out = await type('g 4', 'w request', 'rw', 'w reqest', 'q')
    expect(out).toContain('watching request = 0')
    expect(out).toContain('2/4 vcpu V.1 (check)')
    expect(out).toContain('    request: 1 -> 0')
    expect(out.at(-1)).toBe('no field is called "reqest"; did you mean request?')
  })

  it('shows the state, what changed, and what else is possible', async () => {
    expect(await type('s mark', 'q')).toContain('marked = 0')
    expect(await type('n', 'd', 'q')).toContain('request: 0 -> 1')
    expect((await type('n', 'l', 'q')).slice(-2)).toEqual([
      '  1 zapper Z.1: sp->role.invalid = 1',
      '* 2 vcpu V.1: kvm_check_request()',
    ])
    expect((await type('l', 'q')).slice(-2)).toEqual([
      '* 1 zapper Z.2: kvm_make_request()',
      '  - vcpu V.1: its guard does not hold: (w) => w.request',
    ])
    expect(await type('dance', 'q')).toContain('unknown command "dance"; h lists them')
  })

  it('takes another branch, and comes back to the trace', async () => {
    const out = await type('n', 't 1', 'n', 't 1', 'p', 'b', 'n', 't', 't 9', 'q')
    const statements = ['kvm_make_request()', 'sp->role.invalid = 1', 'kvm_check_request()']
    expect(out).toEqual(expect.arrayContaining(statements.map((text) => `    ${text}`)))
    expect(out.slice(2).filter((line) => !statements.includes(line.trim()))).toEqual([
      expect.stringMatching(/request: 0 -> 1/),
      '2, not in the trace: zapper Z.1 (mark)',
      '    marked: 0 -> 1',
      'there are steps 0 to 2; t N takes one more, b goes back to the trace',
      '3, not in the trace: vcpu V.1 (check)',
      '    request: 1 -> 0',
      '2, not in the trace: zapper Z.1 (mark)',
      '    marked: 0 -> 1',
      '1/4 zapper Z.2 (request)',
      '    request: 0 -> 1',
      '2/4 vcpu V.1 (check)',
      '    request: 1 -> 0',
      '  1 zapper Z.1: sp->role.invalid = 1',
      '* 2 vcpu V.2: drop the root if it is marked',
      'there are steps 1 to 2 to take; l lists them',
    ])
  })

  it('says when another branch violates the property too, and when the step is the trace\u2019s own', async () => {
    const own = await type('t 1', 't 2', 't 2', 't 1', 'q')
    expect(own.at(-1)).toBe('    <--- violates root-dropped')
    expect(own.join()).not.toContain('not in the trace')
    const other = await type('n', 'n', 't 1', 't 1', 'l', 'q')
    expect(other).toContain('4, not in the trace: vcpu V.2 (drop)')
    expect(other.join()).not.toContain('<---')
    expect(other.at(-1)).toMatch(/^ {2}- vcpu V\.1: its guard does not hold/)
    const ticking = changed(readCounterexample(file).steps, 'root-dropped', catalogue.scenarios[1])
    const typed = ['t 2', 't 1', 't 2', 't 2', 't 1', 'q']
    const { out } = await runSmall(['replay', '-i', ticking], { typed })
    expect(out.slice(-4)).toEqual([
      '5, not in the trace: zapper Z.1 (mark)',
      '    sp->role.invalid = 1',
      '    marked: 0 -> 1',
      '    <--- violates root-dropped',
    ])
  })

  it('goes back from write to write', async () => {
    const out = await type('g 4', 'w request', 'rw', 'rw', 'rw', 'g 4', 'rw', 'q')
    expect(out.filter((line) => /^\d/.test(line)).map((line) => line[0])).toEqual(['4', '2', '1', '4', '2'])
    expect(out).toContain('request was not written before')
  })

  it('goes to the next state in which a condition holds, in the trace or beside it', async () => {
    const out = await type(
      'until request',
      'until !request && marked',
      'until request && !request',
      'u mark',
      'q',
    )
    expect(out.filter((line) => /^\d/.test(line)).map((line) => line[0])).toEqual(['1', '4'])
    expect(out.slice(-2)).toEqual([
      'no state after this one is like that',
      'until: there is no variable mark (column 1); s TEXT lists some',
    ])
    const beside = await type('until marked && request', 'b', 'q')
    expect(beside).toContain('2, not in the trace: zapper Z.1 (mark)')
    expect(beside.at(-1)).toBe('    request: 0 -> 1')
  })

  it('on a terminal, Ctrl-C leaves, and the arrow keys bring back a line', async () => {
    const keys = async (...typed: readonly string[]): Promise<readonly string[]> => {
      const out: string[] = []
      const input = new PassThrough()
      const io: Io = {
        out: (line) => out.push(line),
        err: () => {},
        status: () => {},
        live: true,
        colour: new Chalk({ level: 0 }),
        input,
        editor: new PassThrough(),
        width: 80,
      }
      const done = stepThrough(io, load(CHECKER, { name: file, out: folder }), folder)
      for (const key of typed) {
        input.write(key)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await done
      return out.filter((line) => /^\d/.test(line)).map((line) => line[0])
    }
    expect(await keys('n\r', '\u001b[A\r', 'g 4x\u007f\r', '\u0003')).toEqual(['1', '2', '4'])
  })

  it('exports any form, to the output folder', async () => {
    const { id } = readCounterexample(file)
    const out = await type('x commit', 'x html', 'x comit', 'q')
    expect(out.slice(1)).toEqual([
      `written: ${join(folder, `${id}.commit.txt`)}`,
      `written: ${join(folder, `${id}.html`)}`,
      'no form is called "comit"; did you mean commit?',
    ])
    expect(readFileSync(join(folder, `${id}.commit.txt`), 'utf8')).toContain('<--- BUG: root-dropped')
  })

  it('prints at most ten lines for a command, and ends with the input', async () => {
    for (const command of ['n', 'p', 'N', 'P', 'g 4', 's', 'd', 'l', 'w holds', 'rw', 'h']) {
      expect((await type(command)).length).toBeLessThanOrEqual(11)
    }
  })
})

describe('show', () => {
  it('draws the diagram', async () => {
    const { status, out } = await runSmall(['show', file])
    expect(status).toBe(0)
    expect(out.some((line) => line.includes('<--- BUG: root-dropped'))).toBe(true)
    for (const line of out) expect(line.length).toBeLessThanOrEqual(75)
  })

  it('knows its forms', async () => {
    const { status, err } = await runSmall(['show', file, '--as', 'painting'])
    expect(status).toBe(2)
    expect(err[0]).toMatch(/^mmucheck: --as: must be one of .*diagram.*, not "painting"$/)
  })
})

describe('shrink', () => {
  const size = '4 steps, 2 context switches'

  it('writes a smaller counterexample, which fails too', async () => {
    const tick = { thread: 'ticker', step: 'T.1' }
    const steps = readCounterexample(file).steps.flatMap((step) => [step, tick])
    const long = changed(steps, 'root-dropped', catalogue.scenarios[1])
    const { status, out } = await runSmall(['shrink', long, '--out', folder])
    expect(status).toBe(0)
    const last = out.at(-1) ?? ''
    expect(last).toContain(`${size}, a shortest one (from 8 steps, 7 context switches): `)
    expect(out.join('\n')).toContain('Point of no return: step ')
    const written = last.split(' ').at(-1) ?? ''
    const quiet = await runSmall(['shrink', long, '--out', folder, '--quiet'])
    expect(quiet.out).toEqual([last])
    expect((await runSmall(['replay', written])).status).toBe(0)
    expect(readCounterexample(written).steps).toEqual(readCounterexample(file).steps)
  })

  it('prints what it cannot write', async () => {
    const tick = { thread: 'ticker', step: 'T.1' }
    const steps = readCounterexample(file).steps.flatMap((step) => [step, tick])
    const long = changed(steps, 'root-dropped', catalogue.scenarios[1])
    const { status, out, err } = await runSmall(['shrink', long, '--out', file])
    expect(status).toBe(0)
    expect(err).toEqual([
      expect.stringMatching(/^mmucheck: warning: cannot write to \S+: E\w+; the file's contents /),
    ])
    expect(out.at(-1)).toMatch(/^4 steps, .*: ce-\w+ \(not written\)$/)
    const saved = join(folder, 'printed.json')
    writeFileSync(saved, out.slice(0, -1).join('\n'))
    expect((await runSmall(['replay', saved])).status).toBe(0)
  })

  it('leaves alone what is as small as it gets', async () => {
    const before = readdirSync(folder)
    const { out } = await runSmall(['shrink', file, '--out', folder])
    expect(out.at(-1)).toBe(
      `${readCounterexample(file).id}: ${size}, a shortest one; there is no smaller one`,
    )
    expect(readdirSync(folder)).toEqual(before)
  })
})
