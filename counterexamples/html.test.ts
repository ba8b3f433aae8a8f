import { createHash } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Property } from '../model/language/property.ts'
import { htmlText } from './html.ts'
import { asking, lostUpdate, replayedOf, spinner, zapVersusEnter } from './testing/small-systems.ts'

const html = htmlText(replayedOf(zapVersusEnter()))
const between = (text: string, from: string, to: string): string => text.split(from)[1].split(to)[0]
const scriptOf = (text: string): string => text.split('<script>')[1].split('</script>')[0]

/** As much of a browser as the page's script needs. */
class Node {
  textContent: string | null = ''
  hidden = false
  checked = true
  children: Node[] = []
  readonly dataset: Record<string, string>
  readonly classes = new Set<string>()
  readonly attributes = new Map<string, string>()
  readonly listeners = new Map<string, () => void>()
  readonly classList = {
    toggle: (name: string, on: boolean) => (on ? this.classes.add(name) : this.classes.delete(name)),
  }
  constructor(dataset: Record<string, string> = {}) {
    this.dataset = dataset
  }
  replaceChildren(...children: Node[]): void {
    this.children = children
  }
  append(...children: Node[]): void {
    this.children.push(...children)
  }
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value)
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name)
  }
  addEventListener(type: string, listener: () => void): void {
    this.listeners.set(type, listener)
  }
}

/** Runs the page's own script, in a separate context, on the elements that the page has. */
function opened(page: string, hash = '') {
  const ids = new Map([...page.matchAll(/ id="(\w+)"/g)].map(([, id]) => [id, new Node()]))
  const data = ids.get('data') as Node
  data.textContent = between(page, '<script type="application/json" id="data">', '</script>')
  const rows = [...page.matchAll(/ data-step="(\d+)"/g)].map(([, step]) => new Node({ step }))
  const buttons = [...page.matchAll(/ data-key="(\w+)"/g)].map(([, key]) => new Node({ key }))
  let press: (event: object) => void = () => {}
  const location = { hash }
  const document = {
    getElementById: (id: string) => ids.get(id) ?? null,
    querySelectorAll: (selector: string) => (selector === '[data-step]' ? rows : buttons),
    createElement: () => new Node(),
    addEventListener: (_type: string, listener: (event: object) => void) => {
      press = listener
    },
  }
  runInNewContext(scriptOf(page), { document, location, JSON })
  return {
    location,
    rows,
    buttons,
    moving: ids.get('moving') as Node,
    text: (id: string) => ids.get(id)?.textContent,
    key: (key: string) =>
      press({ key, ctrlKey: false, metaKey: false, altKey: false, preventDefault: () => {} }),
    fields: () =>
      (ids.get('fields') as Node).children.map((row) =>
        row.children
          .map((c) => c.textContent)
          .join(' ')
          .trim(),
      ),
    click: (field: number) => (ids.get('fields') as Node).children[field].listeners.get('click')?.(),
    here: () => rows.filter((row) => row.classes.has('here')).map((row) => Number(row.dataset.step)),
  }
}

describe('the page', () => {
  it('may run its own script and style, and nothing else', () => {
    const policy = between(html, 'Content-Security-Policy" content="', '"')
    const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    const style = between(html, '<style>', '</style>')
    expect(policy).toBe(
      `default-src 'none'; style-src ${digest(style)}; script-src ${digest(scriptOf(html))}`,
    )
  })

  it('asks for nothing', () => {
    expect(html).not.toMatch(/\b(src|href|url|import|fetch)\s*[=(]|https?:/)
  })

  it('without scripts is the text of a mail', () => {
    expect(between(html, '<pre>', '</pre>')).toContain('vcpu reads root_page[0].invalid = 0 at (B)')
  })

  it('lets no text of the model out of its place', () => {
    const property: Property<{ counter: number }> = {
      id: '</script><b>',
      kind: 'invariant',
      title: '<img>&"',
      holds: (w) => w.counter < 2,
    }
    const page = htmlText(replayedOf(asking(lostUpdate(2), property)))
    expect(page).not.toContain('<b>')
    expect(page).not.toContain('<img>')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
  })
})

describe('its viewer', () => {
  it('begins at the failure and shows the fields that change', () => {
    const page = opened(html)
    expect(page.location.hash).toBe('#6')
    expect(page.text('state')).toBe('State after step 6: vcpu RUN.3')
    expect(page.fields()).toEqual([
      'mmu_lock zap at first free',
      'root_page[0].invalid 1 at first 0',
      'requests {}',
      '* mode IN_GUEST was OUTSIDE',
      'at.zap[0] ZAP.4 at first ZAP.1',
      '* at.vcpu[0] RUN.4 was RUN.3',
    ])
    expect(page.here()).toEqual([6])
  })

  it('begins where the address says, if there is such a step', () => {
    expect(opened(html, '#2').text('state')).toBe('State after step 2: zap ZAP.2')
    expect(opened(html, '#0').text('state')).toBe('State at the beginning')
    expect(opened(html, '#77').location.hash).toBe('#6')
    expect(opened(html, '#x').location.hash).toBe('#6')
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
    page.buttons.find((b) => b.dataset.key === 'g')?.listeners.get('click')?.()
    expect(page.location.hash).toBe('#0')
    page.rows.find((row) => row.dataset.step === '3')?.listeners.get('click')?.()
    expect(page.location.hash).toBe('#3')
  })

  it('says who writes a field, and goes back to the last one', () => {
    const page = opened(html)
    expect(page.text('watch')).toContain('Click a field')
    page.click(2)
    expect(page.text('watch')).toBe('requests is written by step 2, step 3; w goes back to the last one.')
    page.key('w')
    expect(page.location.hash).toBe('#3')
    page.key('w')
    expect(page.location.hash).toBe('#2')
    page.key('w')
    expect(page.location.hash).toBe('#2')
    page.click(2)
    expect(page.text('watch')).toContain('Click a field')
  })

  it('can show what never changes too', () => {
    const page = opened(html)
    page.moving.checked = false
    page.moving.listeners.get('change')?.()
    expect(page.fields()).toContain('root_hpa root 0')
  })

  it('marks where a loop begins', () => {
    expect(htmlText(replayedOf(spinner()))).toContain('<tr data-step="2" class="loop">')
  })
})
