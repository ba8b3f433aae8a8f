import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Drawing } from '../model/language/picture.ts'
import type { Property } from '../model/language/property.ts'
import { commitText } from './commit.ts'
import { htmlText } from './html.ts'
import { type Opened, opened as openedIn, scriptOf } from './testing/browser.ts'
import { asking, lostUpdate, replayedOf, spinner, zapVersusEnter } from './testing/small-systems.ts'

interface Roots {
  readonly root_page: readonly { readonly invalid: boolean }[]
  readonly root_hpa: number | null
  readonly mmu_lock: string
  readonly requests: { isEmpty(): boolean }
}

/** Two roots, one of which counts as freed once it is invalid, and a vCPU that points at one of them. */
const drawing: Drawing<Roots> = {
  bands: ['CPUs', 'roots'],
  boxes: ({ root_page, root_hpa }) => [
    {
      id: 'vcpu',
      band: 0,
      title: 'vcpu',
      cells: [{ name: 'root', text: `root ${root_hpa}`, to: `root${root_hpa}` }],
    },
    ...[0, 1].map((i) => ({ id: `root${i}`, band: 1, title: `root ${i}`, gone: root_page[i].invalid })),
  ],
  locks: ({ mmu_lock }) => (mmu_lock === 'free' ? [] : ['mmu_lock']),
  signals: (before, after, { kind }) =>
    before.requests.isEmpty() && !after.requests.isEmpty() && kind === 'zap'
      ? [{ kind: 'request', to: { kind: 'vcpu', self: 0 }, text: 'MMU_FREE_OBSOLETE_ROOTS' }]
      : [],
}

const replayed = { ...replayedOf(zapVersusEnter()), drawing: drawing as unknown as Drawing<never> }
const html = htmlText(replayed)
const between = (text: string, from: string, to: string): string => text.split(from)[1].split(to)[0]

/** The page as its reader sees it. */
function opened(page: string, hash = '') {
  const open: Opened = openedIn(page, hash)
  const { app } = open
  const texts = (id: string, tag: string): string[] =>
    app.having('id', id).flatMap((list) => list.named(tag).map(({ textContent }) => textContent))
  return {
    ...open,
    text: (id: string) => app.having('id', id)[0]?.textContent,
    list: texts,
    values: () => {
      if (app.having('id', 'fields').length === 0) app.having('data-pane', 'values')[0].click()
      return app
        .having('id', 'fields')[0]
        .named('tr')
        .map((row) =>
          row.childNodes
            .map(({ textContent }) => textContent)
            .join(' ')
            .trim(),
        )
    },
    watch: (index: number) => app.having('id', 'fields')[0].named('tr')[index].click(),
    lines: () => app.having('data-step'),
    here: () => app.having('aria-current').map(({ attributes }) => Number(attributes.get('data-step'))),
    classes: (name: string) =>
      app.all().filter(({ attributes }) => attributes.get('class')?.split(' ').includes(name) === true),
  }
}

describe('the page', () => {
  it('may run its own script and style, and nothing else', () => {
    const policy = between(html, 'Content-Security-Policy" content="', '"')
    const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    const style = between(html, '<style>', '</style>')
    expect(policy).toBe(
      `default-src 'none'; style-src ${digest(style)}; script-src ${digest(scriptOf(html))}; base-uri 'none'; form-action 'none'`,
    )
  })

  it('asks for nothing', () => {
    const own = html.replace(scriptOf(html), '')
    expect(own).not.toMatch(/\b(src|href|url|import|fetch)\s*[=(]|https?:/)
    // Names of XML, not addresses.
    const script = scriptOf(html).replace(
      /http:\/\/www\.w3\.org\/(2000\/svg|1999\/xhtml|1998\/Math\/MathML)/g,
      '',
    )
    expect(script).not.toMatch(
      /https?:|\b(import|fetch|eval|Function|XMLHttpRequest|WebSocket|sendBeacon)\s*\(/,
    )
  })

  it('without scripts is the text of a mail', () => {
    expect(between(html, '<pre id="text">', '</pre>')).toContain('vcpu reads root_page[0].invalid = 0 at (C)')
  })

  it('lets no text of the model out of its place', () => {
    const property: Property<{ counter: number }> = {
      id: '</script><b>',
      kind: 'invariant',
      title: '<img>&"',
      holds: (w) => w.counter < 2,
    }
    const page = htmlText(replayedOf(asking(lostUpdate(2), property)))
    expect(page.replace(scriptOf(page), '')).not.toContain('<b>')
    expect(page.replace(scriptOf(page), '')).not.toContain('<img>')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(opened(page).text('judged')).toContain('VIOLATED </script><b>')
  })

  it('is small', () => {
    expect(html.length).toBeLessThan(60_000)
  })
})

describe('its viewer', () => {
  it('begins at the failure and shows the fields that change', () => {
    const page = opened(html)
    expect(page.location.hash).toBe('#6')
    expect(page.text('state')).toBe('State after step 6: vcpu RUN.3')
    expect(page.values()).toEqual([
      'mmu_lock zap at first free',
      'root_page[0].invalid 1 at first 0',
      'requests {}',
      '* mode IN_GUEST was OUTSIDE',
      'at.zap[0] ZAP.4 at first ZAP.1',
      '* at.vcpu[0] RUN.4 was RUN.3',
    ])
    expect(page.list('changes', 'li')).toEqual(['mode: OUTSIDE -> IN_GUEST'])
    expect(page.here()).toEqual([6])
  })

  it('begins where the address says, if there is such a step', () => {
    expect(opened(html, '#2').text('state')).toBe('State after step 2: zap ZAP.2')
    expect(opened(html, '#0').text('state')).toBe('State at the beginning')
    expect(opened(html, '#77').location.hash).toBe('#6')
    expect(opened(html, '#x').location.hash).toBe('#6')
  })

  it('follows the address, and puts it right where there is no such step', () => {
    const page = opened(html)
    page.goTo('#3')
    expect(page.text('state')).toBe('State after step 3: vcpu RUN.1')
    page.goTo('#99')
    expect(page.location.hash).toBe('#3')
  })

  it('goes by keys, by buttons and by clicks', () => {
    const page = opened(html)
    const visited = (keys: string): string[] =>
      [...keys].map((key) => {
        page.key(key)
        return page.location.hash
      })
    expect(visited('jkkgjGK')).toEqual(['#6', '#5', '#4', '#0', '#1', '#6', '#4'])
    expect(visited('KKJx')).toEqual(['#3', '#3', '#4', '#4'])
    page.app.having('data-key', 'g')[0].click()
    expect(page.location.hash).toBe('#0')
    page.app.having('data-step', '3')[0].click()
    expect(page.location.hash).toBe('#3')
  })

  it('says who writes a field, and goes back to the last one', () => {
    const page = opened(html)
    page.values()
    expect(page.text('watch')).toContain('Click a value')
    page.watch(2)
    expect(page.text('watch')).toBe('requests is written by step 2, step 3; w goes back to the last one.')
    page.key('w')
    expect(page.location.hash).toBe('#3')
    page.key('w')
    expect(page.location.hash).toBe('#2')
    page.key('w')
    expect(page.location.hash).toBe('#2')
    page.watch(2)
    expect(page.text('watch')).toContain('Click a value')
  })

  it('can show what never changes too', () => {
    const page = opened(html)
    expect(page.values()).not.toContain('root_hpa root 0')
    page.app.having('id', 'constant')[0].fire('change')
    expect(page.values()).toContain('root_hpa root 0')
  })

  it('compares with a step that is not the one before', () => {
    const page = opened(html, '#1')
    page.key('m')
    page.key('G')
    expect(page.list('changes', 'li')).toEqual(['root_page[0].invalid: 0 -> 1', 'mode: OUTSIDE -> IN_GUEST'])
    page.key('m')
    expect(page.list('changes', 'li')).toEqual(['mode: OUTSIDE -> IN_GUEST'])
  })

  it('copies the diagram for a commit message', () => {
    const page = opened(html)
    page.app.having('data-key', 'c')[0].click()
    expect(page.copied()).toBe(commitText(replayed))
  })

  it('explains its keys', () => {
    const page = opened(html)
    expect(page.app.having('role', 'dialog')).toEqual([])
    page.key('?')
    expect(page.app.having('role', 'dialog')[0].textContent).toContain('previous step')
    page.key('Escape')
    expect(page.app.having('role', 'dialog')).toEqual([])
  })

  it('says of each step whether the properties hold', () => {
    const page = opened(html, '#6')
    expect(page.text('judged')).toContain('VIOLATED no-stale-root-used')
    page.key('k')
    expect(page.text('judged')).toContain('1 with nothing to judge')
  })

  it('says that a single state does not violate what only a behaviour can', () => {
    const small = replayedOf(zapVersusEnter())
    const waits: Property<never> = { id: 'ends', kind: 'eventually', title: 'It ends.', goal: () => false }
    const page = opened(htmlText({ ...small, judged: [small.property, waits] }), '#6')
    expect(page.text('judged')).toContain('1 that only a search can judge')
    expect(page.text('judged')).toContain('not judged here ends')
  })

  it('marks where a loop begins', () => {
    expect(opened(htmlText(replayedOf(spinner()))).classes('rule')).toHaveLength(1)
  })
})

describe('its picture', () => {
  it('draws what is freed, dashed, as long as something points at it', () => {
    const page = opened(html, '#4')
    const title = (name: string): string[] => page.classes(name).map(({ textContent }) => textContent)
    expect(title('gone')).toEqual([])
    page.key('j')
    expect(title('gone')).toEqual(['root 0 (freed)'])
    expect(page.classes('dangling').map(({ localName }) => localName)).toContain('path')
  })

  it('has its boxes in the same places in all steps', () => {
    const page = opened(html, '#0')
    const places = (): string[] =>
      page.classes('box').map((box) => {
        const [{ attributes }] = box.named('rect')
        return `${attributes.get('x')},${attributes.get('y')},${attributes.get('width')}`
      })
    const first = places()
    expect(first.length).toBeGreaterThan(1)
    for (let step = 0; step < 6; step++) {
      page.key('j')
      expect(places()).toEqual(first)
    }
  })

  it('says who holds a lock, and what a step does to others', () => {
    const page = opened(html, '#2')
    expect(page.classes('held').map(({ textContent }) => textContent)).toContain('held: mmu_lock by zap')
    expect(page.classes('signal').map(({ textContent }) => textContent)).toEqual([' request -> vcpu'])
    expect(page.classes('arrow')).toHaveLength(1)
  })

  it('is left out if the model has no drawing', () => {
    const page = opened(htmlText(replayedOf(zapVersusEnter())))
    expect(page.app.having('data-pane', 'picture')).toEqual([])
    expect(page.classes('picture')).toEqual([])
  })
})
