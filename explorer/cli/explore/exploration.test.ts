import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readCounterexample } from '../../../counterexamples/counterexample-file.ts'
import type { PathContext } from '../../../counterexamples/path.ts'
import { useAfterFree, zapVersusEnter } from '../../../counterexamples/testing/small-systems.ts'
import type { TraceStep } from '../../../model/language/trace.ts'
import { answering } from '../commands/explore.ts'
import { Exploration } from './exploration.ts'
import type { ExploreData } from './page/explore-data.ts'
import { testText } from './saved-path.ts'

const folder = mkdtempSync(join(tmpdir(), 'mmucheck-explore-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { system, property } = zapVersusEnter()
const context: PathContext = {
  system,
  scenario: { id: 'small', title: 'a small system' },
  design: { id: 'upstream', title: 'the kernel as it is' },
  checker: { version: '0', model: '0'.repeat(16) },
  judged: [property],
}
const exploration = new Exploration(context)
const answer = answering({ context, exploration, folder })
const step = (text: string): TraceStep => {
  const [thread, name] = text.split(' ')
  return { thread, step: name }
}
const steps = (...texts: string[]): TraceStep[] => texts.map(step)
const FAILING = steps('zap ZAP.1', 'zap ZAP.2', 'vcpu RUN.1', 'vcpu RUN.2', 'zap ZAP.3')

describe('exploring by hand', () => {
  it('lists what is possible, and what each step would violate', () => {
    const { enabled, trace } = exploration.at(FAILING)
    expect(trace.steps).toHaveLength(5)
    expect(enabled).toEqual([
      { thread: 'zap', step: 'ZAP.4', text: 'write_unlock(mmu_lock)', violates: null },
      { thread: 'vcpu', step: 'RUN.3', text: 'vcpu->mode = IN_GUEST_MODE', violates: 'no-stale-root-used' },
    ])
  })

  it('refuses a step that is not possible, with the reason', () => {
    expect(answer('path', { steps: steps('zap ZAP.2') })).toEqual({
      error: expect.stringContaining('zap cannot take ZAP.2'),
    })
  })

  it.each([[{}], [{ steps: [{ thread: 1, step: 'x' }] }], [{ steps: [], more: 1 }], [null]])(
    'refuses %j',
    (body) => {
      expect(answer('path', body)).toEqual({ error: 'the request makes no sense' })
    },
  )

  it('refuses what is not a request', () => {
    expect(answer('constructor', {})).toEqual({ error: 'there is no such request' })
  })

  it('finds the shortest way to a state in which a condition holds', () => {
    const condition = 'root_page[0].invalid && mode == IN_GUEST'
    expect(answer('until', { steps: [], condition })).toMatchObject({ ok: { steps: { length: 5 } } })
    const { steps: way } = (answer('until', { steps: [], condition }) as { ok: { steps: TraceStep[] } }).ok
    const { trace } = exploration.at(way)
    expect(trace.steps.at(-1)?.changes.length).toBeGreaterThan(0)
  })

  it('says when no state is like that, and what makes no sense', () => {
    expect(answer('until', { steps: [], condition: 'mode == IN_GUEST && mode == OUTSIDE' })).toEqual({
      ok: { steps: null },
    })
    expect(answer('until', { steps: [], condition: 'process.exit()' })).toEqual({ error: expect.any(String) })
  })

  it('saves a path as a counterexample only if it violates something', () => {
    expect(answer('save', { steps: FAILING, as: 'counterexample' })).toEqual({
      error: expect.stringContaining('no property is violated here'),
    })
    const failing = [...FAILING, step('vcpu RUN.3')]
    const { ok } = answer('save', { steps: failing, as: 'counterexample' }) as { ok: { file: string } }
    expect(readCounterexample(ok.file)).toMatchObject({ property: property.id, steps: failing })
  })

  it('saves a path as a test of what it changes', () => {
    const { ok } = answer('save', { steps: FAILING, as: 'test' }) as { ok: { file: string } }
    expect(existsSync(ok.file)).toBe(true)
    const text = readFileSync(ok.file, 'utf8')
    expect(text).toBe(testText(context, FAILING))
    expect(text).toContain('    { thread: "zap", step: "ZAP.3" },\n  ])')
    expect(text).toContain('"root_page[0].invalid": "1"')
  })

  it('names the guard that blocks a step', () => {
    const other = useAfterFree()
    const { blocked } = new Exploration({ ...context, ...other, judged: [other.property] }).at([
      { thread: 'reclaim', step: 'free' },
      { thread: 'user', step: 'look up' },
    ])
    expect(blocked.map(({ thread, step: name, why }) => [thread, name, why])).toEqual([
      ['user', 'use', expect.stringContaining('w.found')],
    ])
  })

  it('says that a step would fail an assertion, and ends there', () => {
    const other = useAfterFree()
    const failing = new Exploration({ ...context, ...other, judged: [other.property] })
    const before = [
      { thread: 'user', step: 'look up' },
      { thread: 'reclaim', step: 'free' },
    ]
    expect(failing.at(before).enabled).toMatchObject([{ step: 'use', violates: 'no-use-after-free' }])
    const { trace, enabled }: ExploreData = failing.at([...before, { thread: 'user', step: 'use' }])
    expect(enabled).toEqual([])
    expect(trace.end).toBe('no-use-after-free: page 0 is linked after it was freed')
  })
})
