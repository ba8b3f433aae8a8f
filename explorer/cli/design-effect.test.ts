import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Design } from '../../model/designs/design.ts'
import { drop, insert, move, only, type Patch, replace } from '../../model/language/patch.ts'
import { block, program, step } from '../../model/language/program.ts'
import { flag, struct, type View } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { changedSteps, designEffect, patchLine, remarksOn } from './design-effect.ts'
import { resultSchema } from './report/result-json.ts'
import { runCheck } from './run-check.ts'
import type { SearchRunner } from './search-runner.ts'
import { builtPrograms, MAIN } from './testing/built-programs.ts'
import { runSmall } from './testing/run-small.ts'
import { catalogue } from './testing/small-catalogue.ts'

const world = struct({ done: flag })
type World = View<typeof world>

/** Two threads that share a block of steps. */
const request = block<World>('REQ', [
  step('REQ.1', { fn: 'request', shows: 'make the request' }),
  step('REQ.2', { fn: 'request', shows: (w) => `page null: done = ${w.done}` }),
])
const scenario: Scenario<World> = {
  id: 'shared',
  aliases: [],
  title: 'two threads that share steps',
  about: '',
  bounds: {},
  properties: [],
  build: ({ patches } = { patches: [] }) =>
    compose({
      name: 'shared',
      world,
      threads: [one(program('a', 'a', [step('A.1', {}), request])), one(program('b', 'b', [request]))],
      initial: [() => {}],
      patches,
    }),
}
const effect = (...patches: Patch<World>[]) => designEffect(scenario, { patches })

it('changed steps are those that are added, replaced or moved, with the steps of a moved block', () => {
  const changed = (...patches: Patch<World>[]) => [...changedSteps(scenario, { patches })].sort()
  expect(changed(drop('REQ.1'))).toEqual([])
  expect(changed(insert({ after: 'A.1' }, step('NEW', {})))).toEqual(['a.NEW'])
  expect(changed(only('b', replace('REQ.1', step('REQ.1', {}))))).toEqual(['b.REQ/REQ.1'])
  expect(changed(move('REQ.2', { before: 'REQ.1' }))).toEqual(['a.REQ/REQ.2', 'b.REQ/REQ.2'])
  expect(changed(only('a', move('REQ', { before: 'A.1' })))).toEqual(['a.REQ/REQ.1', 'a.REQ/REQ.2'])
  expect(changed(move('REQ.2', { after: 'REQ.1' }))).toEqual([])
})

describe('the effect of a design', () => {
  it('is the places of each patch, with kernel function and statement', () => {
    const { patches } = effect(drop('REQ.1'), only('b', drop('REQ.2')), drop('REQ'))
    expect(patches.map((p, n) => patchLine(p, n))).toEqual([
      'patch 1: drop REQ.1 (a REQ/REQ.1, b REQ/REQ.1): request(): make the request, 2 places',
      'patch 2: drop REQ.2 (b only) (b REQ/REQ.2): request(): done = false, 1 place',
      'patch 3: drop REQ (a REQ, b REQ): request(), 2 places',
    ])
  })

  it('is none where a step is moved to where it stands', () => {
    const stays = effect(move('REQ.2', { after: 'REQ.1' }))
    expect(stays.withoutEffect).toBe(true)
    expect(remarksOn(stays)).toEqual([
      'patch 1 (move REQ.2 after REQ.1): the step already stands there',
      'without effect: the design leaves every step, and what follows it, as it is upstream',
    ])
    // In one of two places, once the other is out of the way.
    const half = effect(only('a', move('REQ.2', { before: 'REQ.1' })), move('REQ.1', { before: 'REQ.2' }))
    expect(half.withoutEffect).toBe(true)
    expect(remarksOn(half)[0]).toContain('the step already stands there in b REQ/REQ.1')
  })

  it('is none where a step is replaced by itself, or patches undo each other', () => {
    const [first] = request.entries
    expect(effect(replace('REQ.1', first)).withoutEffect).toBe(true)
    const thereAndBack = [move<World>('REQ.1', { after: 'REQ.2' }), move<World>('REQ.1', { before: 'REQ.2' })]
    expect(effect(...thereAndBack).withoutEffect).toBe(true)
    expect(effect(thereAndBack[0]).withoutEffect).toBe(false)
  })

  it('is some where a function, a successor or the place to rest differs', () => {
    const other = (about: object, body: object) => step<World>('REQ.1', about, body)
    expect(effect(replace('REQ.1', other({}, {}))).withoutEffect).toBe(true)
    expect(effect(replace('REQ.1', other({}, { when: () => true }))).withoutEffect).toBe(false)
    expect(effect(replace('REQ.1', other({}, { does: () => {} }))).withoutEffect).toBe(false)
    expect(effect(replace('REQ.1', other({}, { to: 'done' }))).withoutEffect).toBe(false)
    expect(effect(replace('REQ.1', other({ validEnd: true }, {}))).withoutEffect).toBe(false)
  })

  it('names the steps that are new or replaced', () => {
    const { ownSteps } = effect(
      insert({ after: 'A.1' }, step('NEW', {})),
      only('b', replace('REQ.1', step('REQ.1', {}))),
    )
    expect(ownSteps).toEqual(['a.NEW', 'b.REQ/REQ.1'])
    expect(effect(move('REQ.1', { after: 'REQ.2' }), drop('A.1')).ownSteps).toEqual([])
  })

  it('is reported for a patch of a machine that does not run', () => {
    expect(remarksOn(effect(drop('A.1'), only('c', drop('x'))))).toEqual([
      'patch 2 (drop x (c only)): its machine does not run in this scenario',
    ])
  })
})

describe('check', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mmucheck-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const file = (...patches: unknown[]): string => {
    const path = join(folder, 'mine.json')
    writeFileSync(path, JSON.stringify({ id: 'mine', title: 'mine', scenarios: ['zap'], patches }))
    return path
  }
  const check = (...args: string[]) => runSmall(['check', 'zap', '--out', folder, ...args])

  /** Checks a design that is not in the catalogue. */
  const checkWith = (design: Design<unknown>, ...args: string[]) => {
    const more = { ...catalogue, designs: [...catalogue.designs, design] }
    const runner: SearchRunner = {
      run: (request, signal, listener) =>
        runCheck(more, request, { stop: () => signal.aborted, ...listener }),
    }
    const all = ['check', 'zap', '--design', design.id, '--out', folder, ...args]
    // What these designs break besides, deadlock included, is not what the tests are about.
    return runSmall(all, { catalogue: more, runner, writer: { write: async () => new Map() } })
  }

  it('begins with a line for each patch of a design file, unless it is quiet', async () => {
    const design = file({ op: 'move', name: 'Z.2', before: 'Z.1' }, { op: 'drop', name: 'V.2' })
    const { out } = await check('--design', design, '--property', 'marked-for-good')
    expect(out.slice(0, 4)).toEqual([
      'zap (S1), design mine',
      '  patch 1: move Z.2 before Z.1 (zapper Z.2): request(): kvm_make_request(), 1',
      '    place',
      '  patch 2: drop V.2 (vcpu V.2): drop(): drop the root if it is marked, 1 place',
    ])
    const quiet = await check('--design', design, '--property', 'marked-for-good', '--quiet')
    expect(quiet.out).toHaveLength(1)
    const json = await check('--design', design, '--property', 'marked-for-good', '--json')
    expect(resultSchema.parse(JSON.parse(json.out.join('\n'))).checks[0].patches).toEqual([
      { patch: 'move Z.2 before Z.1', places: ['zapper Z.2'], kernel: ['request(): kvm_make_request()'] },
      { patch: 'drop V.2', places: ['vcpu V.2'], kernel: ['drop(): drop the root if it is marked'] },
    ])
  })

  it('says that a design has no effect, and ends as without it', async () => {
    const design = file({ op: 'move', name: 'Z.2', after: 'Z.1' })
    const { status, out } = await check('--design', design, '--property', 'marked-for-good')
    expect(status).toBe(0)
    expect(out.join('\n')).toContain('patch 1 (move Z.2 after Z.1): the step already stands there')
    expect(out.join('\n')).toContain('without effect: ')
    for (const [name, expected] of [
      ['believed-wrong', true],
      ['request-first', false],
      ['upstream', false],
    ] as const) {
      const json = await check('--design', name, '--json')
      const [{ withoutEffect }] = resultSchema.parse(JSON.parse(json.out.join('\n'))).checks
      expect(withoutEffect, name).toBe(expected)
    }
  })

  it('takes a step that was inserted before one that others only jump to', async () => {
    const before: Design<unknown> = {
      ...catalogue.designs[0],
      id: 'before-a-jump',
      aliases: [],
      scenarios: ['zap'],
      patches: [insert({ before: 'V.2' }, step('NEW', {}))],
    }
    const { out } = await checkWith(before, '--json')
    const [{ steps, ownSteps }] = resultSchema.parse(JSON.parse(out.join('\n'))).checks
    expect(ownSteps).toEqual(['vcpu.NEW'])
    expect(steps['vcpu.NEW']).toBe(steps['vcpu.V.2'])
    expect(steps['vcpu.NEW']).toBeGreaterThan(0)
  })

  it('names all steps of the design that were never taken, before others', async () => {
    const names = ['NEW.1', 'NEW.2', 'NEW.3', 'NEW.4', 'NEW.5', 'NEW.6', 'NEW.7', 'NEW.8', 'NEW.9']
    // Nothing falls off V.2, and without a request it is not even reached.
    const beyond: Design<unknown> = {
      ...catalogue.designs[0],
      id: 'beyond-a-jump',
      aliases: [],
      scenarios: ['zap'],
      patches: [drop('Z.2'), insert({ after: 'V.2' }, ...names.map((name) => step(name, {})))],
    }
    const { out, err } = await checkWith(beyond, '--property', 'freed-seen')
    expect(err).toEqual([])
    const own = names.map((name) => `vcpu.${name} (of the design)`).join(', ')
    expect(out.join(' ').replaceAll(/\s+/g, ' ')).toContain(`never taken (12 of 13 steps): ${own} and 3 more`)
  })
})

describe('check of KVM', () => {
  const { run, folder } = builtPrograms()

  it('says how many places a name has, and which', () => {
    const design = join(folder(), 'several.json')
    const patches = [{ op: 'drop', name: 'REQ.5' }]
    const content = { id: 'several', title: 'several', scenarios: ['roots-zap-one'], patches }
    writeFileSync(design, JSON.stringify(content))
    const { stdout } = run(MAIN, ['check', '--design', design, '--property', 'no-stale-root-used'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'patch 1: drop REQ.5 (vcpu RUN.1/FR.4/CM.2/REQ.5, vcpu NP/NP.4 free/FR.4/CM.2/REQ.5, zapper ' +
        'ZAP.9/request/REQ.5, zapper CM/CM.2/REQ.5): kvm_kick_many_cpus(): every IPI was taken, 4 places',
    )
  })
})
