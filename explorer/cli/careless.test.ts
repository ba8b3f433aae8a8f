import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCheck } from './run-check.ts'
import type { SearchRunner } from './search-runner.ts'
import { careless } from './testing/careless-catalogue.ts'
import { runSmall } from './testing/run-small.ts'

const runner: SearchRunner = {
  run: (request, signal, listener) =>
    runCheck(careless, request, { stop: () => signal.aborted, ...listener }),
}
const run = (...args: string[]) => runSmall(args, { catalogue: careless, runner })

/** How a check of careless model code ends: its exit status and what it says on standard error. */
async function ends(property: string, ...args: string[]) {
  const { status, err } = await run('check', 'careless', '--property', property, ...args)
  return { status, said: err.join('\n') }
}

const OUTSIDE =
  'does something else when it is run again on the same state, so it depends on something outside the state'
const HERE = 'explorer/cli/testing/careless-catalogue.ts:'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('model code that keeps something outside the state ends its check', () => {
  it.each([
    ['value-left-in-a-closure', 'step R.1 of reader', OUTSIDE],
    ['step-counts-its-calls', 'step R.1 of reader', OUTSIDE],
    ['draws-lots', 'step R.1 of reader0', `calls Math.random(); several possible outcomes`],
    ['looks-at-the-clock', 'step R.1 of reader0', 'looks at the clock (Date)'],
    ['reads-in-varying-order', 'step R.1 of reader0', 'reads other fields when it is run again'],
  ])('with design %s', async (design, where, what) => {
    const { status, said } = await ends('small', '--design', design)
    expect(said).toContain(`careless: ${where}`)
    expect(said).toContain(what)
    expect(status).toBe(2)
  })

  it.each([
    ['remembers', OUTSIDE],
    ['counts-its-calls', OUTSIDE],
  ])('with property %s', async (property, what) => {
    const { status, said } = await ends(property)
    expect(said).toContain(`careless: property ${property}: ${what}`)
    expect(status).toBe(2)
  })

  it('with every way to search', async () => {
    const ways = [
      ['--reduce', 'none'],
      ['--reduce', 'por'],
      ['--storage', 'fingerprint'],
      ['--max-states', '20'],
      ['--checkpoint', join(folder, 'checkpoint')],
      ['--search', 'random'],
      ['--search', 'priorities'],
      ['--search', 'preemptions'],
    ]
    for (const way of ways) {
      for (const { status, said } of [
        await ends('remembers', ...way),
        await ends('small', '--design', 'value-left-in-a-closure', ...way),
      ]) {
        expect(said, way.join(' ')).toContain(OUTSIDE)
        expect(status, way.join(' ')).toBe(2)
      }
    }
  })
})

describe('model code that does not say true or false is refused', () => {
  it.each([
    ['async-guard', 'step R.1 of reader: its guard is an async function; model code must be a plain'],
    ['promising-guard', 'step R.1 of reader0: returns a promise, not true or false'],
    ['silent-guard', 'step R.1 of reader0: returns undefined, not true or false'],
    ['async-effect', 'step W.1 of writer: its effect is an async function; model code must be a plain'],
    ['promising-effect', 'step W.1 of writer: returns a promise; model code must be a plain'],
    ['misspelt-write', `step W.1 of writer: world.m does not exist: world has n, copy, done (${HERE}`],
  ])('with design %s', async (design, what) => {
    const { status, said } = await ends('small', '--design', design)
    expect(said).toContain(`careless: ${what}`)
    expect(status).toBe(2)
  })

  it.each([
    ['returns-nothing', 'returns undefined, not true or false (holds)'],
    ['is-async', 'its seen is an async function; model code must be a plain, synchronous function'],
    ['misspelt-member', `world.coppy does not exist: world has n, copy, done (holds, ${HERE}`],
    ['misspelt-step', 'its seen names step "W.9", which no program of kind writer has'],
    ['misspelt-step-path', 'its holds names step "/W.1", which no program has'],
    ['misspelt-fairness', 'its fairness names step "W.9", which no program of kind writer has'],
    ['misspelt-given', `world.coppy does not exist: world has n, copy, done (given, ${HERE}`],
  ])('with property %s', async (property, what) => {
    const { status, said } = await ends(property)
    expect(said).toContain(`careless: property ${property}: ${what}`)
    expect(status).toBe(2)
  })

  it('but not for a step that the design drops', async () => {
    expect(await ends('dropped-step', '--design', 'copies-nothing')).toMatchObject({ said: '' })
  })

  it('as is a system without threads', async () => {
    const { status, err } = await run('check', 'no-threads')
    expect(err.join('\n')).toContain('no-threads has no threads, so nothing can happen in it')
    expect(status).toBe(2)
  })
})

it.each([
  ['throws-in-seen', `cannot judge 0 (seen, ${HERE}`],
  ['throws-in-goal', `cannot judge 0 (goal, ${HERE}`],
  ['throws-in-a-step', `cannot judge 1 (holds, ${HERE}`],
  ['throws-in-the-end', `cannot judge 0 (given, ${HERE}`],
  ['faults', `raises fault no-double-free: freed by a property; only steps may (holds, ${HERE}`],
])('an exception of property %s is blamed on it, not on the step', async (property, what) => {
  const { status, said } = await ends(property)
  expect(said).toContain(`careless: property ${property}: ${what}`)
  expect(said).not.toContain('careless: step')
  expect(status).toBe(2)
})
