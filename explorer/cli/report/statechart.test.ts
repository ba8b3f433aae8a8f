import { describe, expect, it } from 'vitest'
import { createActor, createMachine } from 'xstate'
import { block, choice, program, step } from '../../../model/language/program.ts'
import { flag, struct, type View } from '../../../model/language/shapes.ts'
import { compose, one } from '../../../model/language/system.ts'
import { runSmall } from '../testing/run-small.ts'
import { chartOf, mermaidOf } from './statechart.ts'

const world = struct({ lock: flag })
type World = View<typeof world>
const free = (w: World): boolean => !w.lock

const [thread] = compose({
  name: 's',
  world,
  threads: [
    one(
      program<World>('taker', 'takes "it"', [
        choice('idle', [
          step('leave', {}, { to: 'done' }),
          step('try', {}, [{ when: free }, { to: 'idle' }]),
        ]),
        block('B', [
          step('B.1', { fn: 'lock' }, { when: free, does: () => {} }),
          block('C', [step('C.1', {})]),
        ]),
        step('again', {}, { to: 'idle' }),
      ]),
    ),
  ],
  initial: [() => {}],
}).threads

describe('a statechart', () => {
  it('is a configuration that xstate takes and walks as the thread does', () => {
    const config = JSON.parse(JSON.stringify(chartOf(thread as never)))
    const guards = { 'try (1) may run': () => true, 'B.1 may run': () => true, 'B/B.1 may run': () => true }
    const actor = createActor(
      createMachine(config, { guards, actions: { 'B/B.1': () => {} } } as never),
    ).start()
    const walk = ['try', 'B/B.1', 'B/C/C.1', 'again', 'leave'].map((type) => {
      actor.send({ type })
      return actor.getSnapshot().value
    })
    expect(walk).toEqual([{ B: 'B.1' }, { B: { C: 'C.1' } }, 'again', 'idle', 'done'])
  })

  it('is text for Mermaid, with blocks as compound states', () => {
    expect(mermaidOf(thread as never)).toBe(
      [
        '---',
        'title: "taker: takes \\"it\\""',
        '---',
        'stateDiagram-v2',
        '  state "idle" as s0',
        '  state "B" as b0 {',
        '    state "B.1 lock()" as s1',
        '    state "C" as b1 {',
        '      state "C.1" as s2',
        '    }',
        '  }',
        '  state "again" as s3',
        '  state "done" as s4',
        '  [*] --> s0',
        '  s0 --> s4: leave',
        '  s0 --> s1: try',
        '  s0 --> s0: try',
        '  s1 --> s2: B.1 [waits]',
        '  s2 --> s3: C.1',
        '  s3 --> s0: again',
      ].join('\n'),
    )
  })

  it('has no character in a name that Mermaid takes for its own', () => {
    const [odd] = compose({
      name: 's',
      world,
      threads: [one(program<World>('odd', 'is: odd', [block('a"b', [step('x; y #1', {})])]))],
      initial: [() => {}],
    }).threads
    const [, title, , , ...lines] = mermaidOf(odd as never).split('\n')
    expect(JSON.parse(title.replace(/^title: /, ''))).toBe('odd: is: odd')
    for (const line of lines) {
      expect(line.replace(/#\d+;/g, '')).toMatch(
        /^ *(state "[^"#;]*" as \w+( \{)?|\}|[\w[\]*]+ --> \w+(: [^"#;]+)?)$/,
      )
    }
  })
})

describe('machine', () => {
  it('shows a machine of a design', async () => {
    const order = async (...args: string[]) => {
      const { out } = await runSmall(['machine', 'zapper', ...args])
      return out.flatMap((line) => line.match(/Z\.\d(?= \w+\(\)" as)/) ?? [])
    }
    expect(await order()).toEqual(['Z.1', 'Z.2', 'Z.3'])
    expect(await order('--design', 'D1')).toEqual(['Z.2', 'Z.1', 'Z.3'])
  })

  it('prints JSON', async () => {
    const { out } = await runSmall(['machine', 'vcpu', '--as', 'json'])
    expect(JSON.parse(out.join('\n'))).toMatchObject({ id: 'vcpu', initial: 'run' })
  })

  it.each([
    [['machine', 'zaper'], 'no machine is called "zaper"; did you mean zapper?'],
    [['machine', 'zapper', '--as', 'dot'], '--as: must be one of mermaid, json, not "dot"'],
    [['machine', 'zapper', '--scenario', 'endless'], 'no machine of endless is called "zapper"'],
  ])('%j is refused', async (args, message) => {
    const { status, err } = await runSmall(args)
    expect([status, err[0]]).toEqual([2, `mmucheck: ${message}`])
  })
})
