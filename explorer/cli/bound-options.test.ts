import { describe, expect, it } from 'vitest'
import { allBounds } from '../../model/memory/bounds.ts'
import { type BoundOption, boundOptionsOf, defaultInWords } from './bound-options.ts'
import { catalogue } from './kvm-catalogue.ts'
import { runSmall } from './testing/run-small.ts'

const options = boundOptionsOf(catalogue)
const kvm = async (...args: string[]) => await runSmall(args, { catalogue })
const bound = (id: string): BoundOption => {
  const found = options.find((each) => each.id === id)
  if (found === undefined) throw new Error(`no bound ${id}`)
  return found
}

describe('the bounds of a scenario', () => {
  it('are those of the schema, with what the schema says of them', () => {
    const ids = Object.entries(allBounds({ notifier: {} })).flatMap(([group, value]) =>
      typeof value === 'object' ? Object.keys(value).map((name) => `${group}.${name}`) : [group],
    )
    expect(ids.length).toBeGreaterThan(50)
    expect(options.map(({ id }) => id)).toEqual(expect.arrayContaining(ids))
    for (const { id, title, values, group } of options) {
      expect([id, title]).toEqual([id, expect.stringMatching(/\S/)])
      expect([id, values]).toEqual([id, expect.stringMatching(/ to |true or false|list of|^\d+ or \d+$/)])
      expect([id, group?.title ?? 'none']).toEqual([id, expect.stringMatching(/\S/)])
    }
  })

  it('have the defaults that a scenario without them has', () => {
    const absent = allBounds({}) as Readonly<Record<string, unknown>>
    for (const { id, group, ifGroupLeftOut } of options) {
      const value = group === null ? absent : (absent[group.id] as Record<string, unknown> | undefined)
      // A feature that declares its options itself has a group that `allBounds` does not know.
      if (value !== undefined)
        expect([id, ifGroupLeftOut]).toEqual([id, value[id.split('.').at(-1) as string]])
    }
  })

  it('say so where leaving out the group is something else', () => {
    expect(defaultInWords(bound('notifier.threads'))).toBe('default 1, without the group 0')
    expect(defaultInWords(bound('zap.threads'))).toBe('default 0')
    expect(defaultInWords(bound('guest.reads'))).toBe('no default')
  })
})

describe('the command line', () => {
  it('lists them, with values and default', async () => {
    const { status, out } = await kvm('list', 'bounds')
    expect(status).toBe(0)
    expect(out.join(' ').replaceAll(/\s+/g, ' ')).toContain(
      'zap.pages: Pages each of them zaps. (0 to 16; default 0)',
    )
    const { out: json } = await kvm('list', 'bounds', '--json')
    const all: Record<string, unknown>[] = JSON.parse(json.join('\n'))
    expect(all.find(({ id }) => id === 'zap.lockBreak')).toMatchObject({ group: 'zap', default: false })
    expect(all).toHaveLength(options.length)
  })

  it('explains one, with and without the word', async () => {
    const { out } = await kvm('explain', 'zap.threads')
    expect(out).toContain('  values     0 to 16; default 0')
    expect(out.join('\n')).toMatch(/set in .*roots-zap-one 1/)
    expect((await kvm('explain', 'bounds.zap.threads')).out).toEqual(out)
    expect((await kvm('explain', 'guest.edits')).out.join('\n')).toContain('w: Whether the entry is then')
  })

  it('points from the name of the list to the list', async () => {
    const { status, err } = await kvm('explain', 'bounds')
    expect([status, err[0]]).toEqual([
      2,
      'mmucheck: nothing is called "bounds"; it is a list: mmucheck list bounds',
    ])
  })
})
