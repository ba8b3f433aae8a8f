import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Anchor } from '../../model/language/anchor.ts'
import {
  block,
  choice,
  type Entry,
  inFunction,
  outOfOrder,
  program,
  step,
} from '../../model/language/program.ts'
import {
  citationsOf,
  type Drift,
  definitionsIn,
  driftOf,
  type Facts,
  factsOf,
  isInStep,
  loadCParser,
  NoTree,
  sourcesIn,
} from './index.ts'

/** A small tree in the style of a kernel, written for these tests. */

const CODE = `
#include <linux/pot.h>

static bool pot_is_full(struct pot *pot)
{
	return pot->water >= pot->size;
}

/* Boils once. */
int __must_check pot_boil(struct pot *pot, int times)
{
	spin_lock(&pot->lock);
	if (!pot_is_full(pot)) // needs water
		goto out;
	pot->hot = true;
	wake_up(&pot->waiters);
	pot->count++;
out:
	spin_unlock(&pot->lock);
	return 0;
}
`

const TEMPLATE = `
#if BITS == 64
#define NAME(name) wide##_##name
#else
	#define NAME(name) narrow_##name
#endif

static int NAME(pour)(struct pot *pot, int much)
{
	pot->water -= much;
	return NAME(wipe)(pot);
}
`

const MACROS = `
#define for_each_pot(_kitchen, _pot)		\\
	list_for_each(_pot, &(_kitchen)->pots)	\\
		if (!(_pot)->broken)

#define BUILD_POT_TEST(what, field)				\\
static inline bool is_pot_##what(struct pot *pot)		\\
{								\\
	return pot->field;					\\
}
BUILD_POT_TEST(hot, hot);
BUILD_POT_TEST(old, age);
`

const COOK = `
static void cook_pot(struct pot *pot)
{
	with_lid(pot, pot_boil);
}

void cook(struct pot *pot)
{
	serve(pot);
	cook_pot(pot);
	eat(pot);
}
`

const FACTS: Facts = { version: '1.0', release: '1.0.0', functions: {} }

const parser = await loadCParser()
let tree = ''

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'mmucheck-tree-'))
  put('kitchen/pot.c', CODE)
  put('kitchen/pour.h', TEMPLATE)
  put('kitchen/macros.h', MACROS)
})
afterEach(() => rmSync(tree, { recursive: true, force: true }))

function put(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), text)
}

const boil = (name: string, c: string | readonly string[], more = {}): Entry<never> =>
  step<never>(name, { fn: 'pot_boil', c, ...more })

const ENTRIES: readonly Entry<never>[] = [
  boil('lock', 'spin_lock('),
  boil('test', '!pot_is_full(pot)'),
  boil('heat', 'pot->hot = true'),
  boil('wake', 'wake_up('),
  boil('unlock', 'spin_unlock('),
]

const cited = (entries: readonly Entry<never>[], version = 'v1.0') =>
  citationsOf([program<never>('cook', 'cooks', entries)], version, () => true)

const definitions = () => definitionsIn(sourcesIn(tree, ['kitchen']), parser)

/** Facts of the tree as it is. */
const read = (entries = ENTRIES): Facts => factsOf(FACTS, cited(entries), definitions())

const drifted = (facts: Facts, entries = ENTRIES, version = 'v1.0'): Drift =>
  driftOf(facts, cited(entries, version), definitions())

/** The two orders of the only function that is out of order. */
function ordersOf({ order }: Drift): [string[], string[]] {
  expect(order).toHaveLength(1)
  const names = (list: readonly { readonly step: string }[]) => list.map(({ step: name }) => name)
  return [names(order[0].model), names(order[0].source)]
}

describe('a function', () => {
  it('is unchanged while only comments, white space and its place change', () => {
    const facts = read()
    put('kitchen/pot.c', `\n\n${CODE.replace(' // needs water', '/* or not */').replaceAll('\t', '  ')}`)
    const drift = drifted(facts)
    expect(drift).toMatchObject({ unchanged: 1, changed: [], gone: [], missing: [], order: [] })
    expect([drift.anchors, isInStep(drift)]).toEqual([5, true])
  })

  it('is changed if its body is', () => {
    const facts = read()
    put('kitchen/pot.c', CODE.replace('pot->count++', 'pot->count--'))
    const drift = drifted(facts)
    expect(drift.changed).toMatchObject([
      { name: 'pot_boil', file: 'kitchen/pot.c', line: 10, was: [{ file: 'kitchen/pot.c', line: 10 }] },
    ])
    expect(isInStep(drift)).toBe(false)
  })

  it('is gone if it is renamed', () => {
    const facts = read()
    put('kitchen/pot.c', CODE.replace('pot_boil', 'pot_heat'))
    const drift = drifted(facts)
    expect(drift.gone).toMatchObject([{ name: 'pot_boil', was: [{ file: 'kitchen/pot.c' }], unparsed: [] }])
    expect(isInStep(drift)).toBe(false)
  })

  it('needs a reason to be absent, which an update keeps', () => {
    const entries = [step<never>('x', { fn: 'pot_lost', c: { none: 'model' } })]
    const facts = read(entries)
    expect(drifted(facts, entries).gone).toEqual([{ name: 'pot_lost', was: [], unparsed: [] }])
    const explained = { ...facts, functions: { pot_lost: { absent: 'inlined in 0.9' } } }
    const drift = drifted(explained, entries)
    expect(drift.explained).toEqual([{ name: 'pot_lost', reason: 'inlined in 0.9' }])
    expect(isInStep(drift)).toBe(true)
    expect(factsOf(explained, cited(entries), definitions())).toEqual(explained)
    put('kitchen/lost.c', 'void pot_lost(void)\n{\n}\n')
    expect(drifted(explained, entries).appeared).toEqual(['pot_lost'])
    expect(isInStep(drifted(explained, entries))).toBe(false)
  })

  it('may be cited without facts, or known without being cited', () => {
    expect(drifted(FACTS).unlisted).toEqual(['pot_boil'])
    expect(drifted(read(), []).uncited).toEqual(['pot_boil'])
    expect([drifted(FACTS), drifted(read(), [])].map(isInStep)).toEqual([false, false])
  })

  it('that surrounds others is cited, too', () => {
    const entries = [
      block<never>('B', inFunction('pot_is_full', boil('lock', 'spin_lock(')), { fn: 'kitchen_run' }),
    ]
    expect([...cited(entries).functions].sort()).toEqual(['kitchen_run', 'pot_boil', 'pot_is_full'])
  })

  it('of a template has a name for each definition of the macro', () => {
    const of = (fn: string) => step<never>(fn, { fn, c: 'pot->water -= much' })
    const entries = [of('wide_pour'), of('narrow_pour')]
    const drift = drifted(read(entries), entries)
    expect(drift).toMatchObject({ unchanged: 2, anchors: 2 })
    const wiped = [step<never>('w', { fn: 'narrow_pour', c: 'return narrow_wipe(pot)' })]
    expect(drifted(read(wiped), wiped)).toMatchObject({ anchors: 1, missing: [] })
    expect(isInStep(drift)).toBe(true)
    expect(read(entries).functions.wide_pour).toMatchObject([{ file: 'kitchen/pour.h', line: 8 }])
  })

  it('may be a macro, or made by one', () => {
    const entries = [
      step<never>('each', { fn: 'for_each_pot', c: '->broken' }),
      step<never>('hot', { fn: 'is_pot_hot', c: 'return pot->field' }),
      step<never>('old', { fn: 'is_pot_old', c: 'return pot->field' }),
    ]
    const facts = read(entries)
    expect(facts.functions).toMatchObject({ for_each_pot: [{ line: 2 }], is_pot_old: [{ line: 12 }] })
    expect(isInStep(drifted(facts, entries))).toBe(true)
    put('kitchen/macros.h', MACROS.replace('return pot->field', 'return !pot->field'))
    expect(drifted(facts, entries).changed.map(({ name }) => name)).toEqual(['is_pot_hot', 'is_pot_old'])
  })

  it('may be defined twice; its steps are looked for in the definition that fits', () => {
    put('kitchen/a.c', '#ifndef STOVE\nint pot_boil(struct pot *pot)\n{\n\treturn 1;\n}\n#endif\n')
    const facts = read()
    expect(facts.functions.pot_boil).toHaveLength(2)
    expect(isInStep(drifted(facts))).toBe(true)
  })
})

describe('an anchor', () => {
  it('is missing if its statement is not in the function', () => {
    const facts = read()
    put('kitchen/pot.c', CODE.replace('wake_up(&pot->waiters)', 'wake_up_all(&pot->waiters)'))
    const drift = drifted(facts)
    expect(drift.missing).toEqual([{ steps: ['cook.wake'], fn: 'pot_boil', statement: 'wake_up(' }])
    expect([drift.anchors, isInStep(drift)]).toEqual([4, false])
  })

  it('is not found in another function, a comment, or part of a name', () => {
    const entries = [boil('a', 'pot->size'), boil('b', 'needs water'), boil('c', 'up(')]
    expect(drifted(read(entries), entries).missing).toHaveLength(3)
  })

  it('of another version is not looked for, and may be in a function of another name', () => {
    const entries = [
      step<never>('new', { fn: 'pot_boil', c: { 'v2.0': 'induce(' } }),
      step<never>('moved', { fn: 'pot_cook', c: { 'v1.0': { fn: 'pot_boil', at: 'spin_lock(' } } }),
    ]
    const facts = factsOf(FACTS, cited(entries), definitions())
    expect(Object.keys(facts.functions)).toEqual(['pot_boil'])
    expect(isInStep(drifted(facts, entries))).toBe(true)
    expect(drifted(facts, entries, 'v2.0').missing).toMatchObject([{ steps: ['cook.new'] }])
  })

  it('may be in a callee, which is read as a part of the function', () => {
    put('kitchen/cook.c', COOK)
    const cook = (name: string, c: Anchor) => step<never>(name, { fn: 'cook', c })
    const serve = cook('serve', 'serve(')
    const lid = cook('lid', { callee: 'cook_pot', at: 'with_lid(' })
    const eat = cook('eat', 'eat(')
    const boiling = block<never>('boil', ENTRIES, { fn: 'pot_boil' })
    const entries = [block<never>('C', [serve, lid, boiling, eat], { fn: 'cook' })]
    const facts = read(entries)
    expect(Object.keys(facts.functions)).toEqual(['cook', 'cook_pot', 'pot_boil'])
    expect(isInStep(drifted(facts, entries))).toBe(true)
    const swapped = [block<never>('C', [serve, boiling, lid, eat], { fn: 'cook' })]
    expect(drifted(facts, swapped).order).toHaveLength(1)
    const lost = [cook('lost', { callee: 'cook_pot', at: 'without_lid(' })]
    expect(drifted(facts, lost).missing).toEqual([
      { steps: ['cook.lost'], fn: 'cook_pot', statement: 'without_lid(' },
    ])
  })

  it('has to be there for every step in a function', () => {
    const entries = [step<never>('x', { fn: 'pot_boil' })]
    const drift = drifted(read(entries), entries)
    expect([drift.unanchored, isInStep(drift)]).toEqual([['cook.x'], false])
  })
})

describe('the order', () => {
  it('is wrong if two statements are swapped in C', () => {
    const facts = read()
    const [heat, wake] = ['\tpot->hot = true;\n', '\twake_up(&pot->waiters);\n']
    put('kitchen/pot.c', CODE.replace(heat + wake, wake + heat))
    expect(ordersOf(drifted(facts))).toEqual([
      ['cook.lock', 'cook.test', 'cook.heat', 'cook.wake', 'cook.unlock'],
      ['cook.lock', 'cook.test', 'cook.wake', 'cook.heat', 'cook.unlock'],
    ])
    expect(isInStep(drifted(facts))).toBe(false)
  })

  it('is wrong if two steps are swapped in the model', () => {
    const [lock, test, heat, wake, unlock] = ENTRIES
    const entries = [lock, test, wake, heat, unlock]
    const drift = drifted(read(entries), entries)
    expect(ordersOf(drift)[0]).toEqual(['cook.lock', 'cook.test', 'cook.wake', 'cook.heat', 'cook.unlock'])
    expect(drift.order[0].model.map(({ line }) => line)).toEqual([12, 13, 16, 15, 19])
  })

  it('is not that of a step which says why', () => {
    const entries = [
      boil('wake', 'wake_up(', { outOfOrder: 'because cold pots whistle' }),
      ...ENTRIES.slice(0, 3),
    ]
    expect(drifted(read(entries), entries).order).toEqual([])
    expect(drifted(read(entries), [boil('wake', 'wake_up('), ...ENTRIES.slice(0, 3)]).order).toHaveLength(1)
  })

  it('may be another one for what control reaches by a jump, but not within it', () => {
    put('kitchen/cook.c', COOK)
    const eat = step<never>('eat', { fn: 'cook', c: 'eat(' })
    const inCook = (...entries: Entry<never>[]) => [block<never>('C', entries, { fn: 'cook' })]
    const boiling = (...entries: Entry<never>[]) =>
      outOfOrder<never>('because of a jump', block<never>('boil', entries, { fn: 'pot_boil' }))
    expect(drifted(read(), inCook(eat, ...boiling(...ENTRIES))).order).toEqual([])
    const [, , heat, wake] = ENTRIES
    expect(drifted(read(), inCook(eat, ...boiling(wake, heat))).order).toMatchObject([{ fn: 'pot_boil' }])
    expect(drifted(read(), outOfOrder('because of a jump', wake, heat)).order).toEqual([])
  })

  it('does not matter between alternatives of one choice, but before and after it', () => {
    const choose = (...entries: Entry<never>[]) => choice('either', entries as never)
    const [lock, test, heat, wake, unlock] = ENTRIES
    expect(drifted(read(), [lock, choose(wake, heat, test), unlock]).order).toEqual([])
    expect(drifted(read(), [choose(wake, heat), test]).order).toHaveLength(1)
    expect(drifted(read(), [wake, choose(unlock, heat)]).order).toHaveLength(1)
  })

  it('is that of each call of a function by itself', () => {
    const [lock, test, heat, wake, unlock] = ENTRIES
    const call = (name: string) => block<never>(name, ENTRIES, { fn: 'pot_boil' })
    expect(drifted(read(), [call('first'), call('second')]).order).toEqual([])
    expect(drifted(read(), [...inFunction('cook', ...ENTRIES), ...inFunction('chef', test)]).order).toEqual(
      [],
    )
    const again = [boil('lock again', 'spin_lock('), boil('unlock again', 'spin_unlock(')]
    expect(drifted(read(), [...ENTRIES, ...again]).order).toEqual([])
    expect(drifted(read(), [lock, wake, boil('heat again', 'pot->hot = true'), unlock]).order).toHaveLength(1)
    const part = block<never>('part', [heat], { fn: 'pot_boil' })
    expect(drifted(read(), [lock, test, part, wake, unlock]).order).toEqual([])
    expect(drifted(read(), [lock, wake, part, unlock]).order).toHaveLength(1)
  })

  it('includes the calls of functions that steps are in, through functions without steps', () => {
    put('kitchen/cook.c', COOK)
    const serve = step<never>('serve', { fn: 'cook', c: 'serve(' })
    const eat = step<never>('eat', { fn: 'cook', c: 'eat(' })
    const boiling = block<never>('boil', ENTRIES, { fn: 'pot_boil' })
    const ordered = (...entries: Entry<never>[]) =>
      drifted(read(), [block<never>('C', entries, { fn: 'cook' })])
    expect(ordered(serve, boiling, eat).order).toEqual([])
    const wrong = ordered(serve, eat, boiling)
    expect(wrong.order[0].model.slice(0, 3)).toEqual([
      { step: 'cook.C/serve', statement: 'serve(', line: 9 },
      { step: 'cook.C/eat', statement: 'eat(', line: 11 },
      { step: 'cook.C/boil/lock', statement: 'pot_boil()', line: 10 },
    ])
    expect(ordered(boiling, serve, eat).order).toHaveLength(1)
    put('kitchen/cook.c', COOK.replace('cook_pot(pot)', 'struct job job = { pot_boil }'))
    expect(ordered(serve, eat, boiling).order).toEqual([])
    expect(ordered(boiling, serve).order).toHaveLength(1)
    put(
      'kitchen/cook.c',
      COOK.replace('\teat(pot);\n', '').replace('\tserve(pot);', '\tserve(pot);\n\teat(pot);'),
    )
    expect(ordered(serve, boiling, eat).order).toHaveLength(1)
  })

  it('takes the occurrence of a statement that fits, and lets steps share one', () => {
    put('kitchen/pot.c', CODE.replace('\tspin_lock', '\twake_up(&pot->others);\n\tspin_lock'))
    const [lock, test, heat, wake, unlock] = ENTRIES
    expect(drifted(read(), [wake, lock, heat, boil('again', 'wake_up('), unlock]).order).toEqual([])
    expect(drifted(read(), [lock, boil('both', ['wake_up(', 'wake_up('])]).order).toHaveLength(1)
    expect(drifted(read(), [boil('both', ['wake_up(', 'wake_up(']), unlock]).order).toEqual([])
    expect(drifted(read(), [test, boil('same', '!pot_is_full(pot)'), heat]).order).toEqual([])
    const two = boil('two', ['pot->hot', 'pot->count'])
    expect(drifted(read(), [two, boil('late', 'goto out')]).order).toHaveLength(1)
  })
})

describe('a tree', () => {
  it('is none without what it must have', () => {
    expect(() => sourcesIn(tree, ['garden'])).toThrow(NoTree)
    expect(() => sourcesIn(join(tree, 'nowhere'), ['kitchen'])).toThrow(NoTree)
  })

  it('may name single files', () => {
    expect(sourcesIn(tree, ['kitchen/pot.c']).map(({ path }) => path)).toEqual(['kitchen/pot.c'])
  })

  it('is read without following links or opening a FIFO, and says so', () => {
    const facts = read()
    symlinkSync('/etc/passwd', join(tree, 'kitchen/link.c'))
    symlinkSync('..', join(tree, 'kitchen/loop'))
    expect(spawnSync('mkfifo', [join(tree, 'kitchen/fifo.c')]).status).toBe(0)
    const drift = drifted(facts)
    expect(drift.unread).toEqual([
      { path: 'kitchen/fifo.c', why: 'it is not a regular file' },
      { path: 'kitchen/link.c', why: 'it is not a regular file' },
    ])
    expect([drift.unchanged, isInStep(drift)]).toEqual([1, false])
  })

  it('may have files that are too large, or no text', () => {
    put('kitchen/large.c', ' '.repeat((4 << 20) + 1))
    put('kitchen/data.c', 'int a;\0')
    expect(drifted(read()).unread).toEqual([
      { path: 'kitchen/data.c', why: 'it is not a text file' },
      { path: 'kitchen/large.c', why: 'it is larger than 4 MiB' },
    ])
  })

  it('may have files that do not parse: functions that are not found may be there', () => {
    const facts = read()
    put('kitchen/pot.c', `}}} ((( ${CODE.replace('int __must_check pot_boil', '((((')}`)
    expect(drifted(facts).gone).toMatchObject([
      { name: 'pot_boil', unparsed: [{ file: 'kitchen/pot.c', line: 1 }] },
    ])
  })

  it('may nest braces deeper than any parser likes', () => {
    put('kitchen/deep.c', `void f(void) ${'{'.repeat(50_000)}`)
    const drift = drifted(read())
    expect(drift.unchanged).toBe(1)
  })
})
