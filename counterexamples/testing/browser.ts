import { runInNewContext } from 'node:vm'

/** As much of a browser's document as the components of a page need. */
export class FakeElement {
  readonly nodeType: number
  readonly localName: string
  readonly namespaceURI = 'http://www.w3.org/1999/xhtml'
  readonly ownerDocument: object
  readonly style: object = { setProperty: () => {} }
  readonly attributes = new Map<string, string>()
  readonly listeners = new Map<string, (event: object) => void>()
  childNodes: FakeElement[] = []
  parentNode: FakeElement | null = null
  /** Of a text. */
  data: string
  checked = false

  constructor(document: object, localName: string, data = '') {
    this.ownerDocument = document
    this.localName = localName
    this.nodeType = localName === '#text' ? 3 : 1
    this.data = data
  }

  get textContent(): string {
    return this.nodeType === 3 ? this.data : this.childNodes.map((child) => child.textContent).join('')
  }
  get firstChild(): FakeElement | null {
    return this.childNodes[0] ?? null
  }
  get nextSibling(): FakeElement | null {
    const siblings = this.parentNode?.childNodes ?? []
    return siblings[siblings.indexOf(this) + 1] ?? null
  }
  insertBefore(child: FakeElement, before: FakeElement | null): void {
    child.remove()
    const at = before === null ? this.childNodes.length : this.childNodes.indexOf(before)
    this.childNodes.splice(at, 0, child)
    child.parentNode = this
  }
  append(...children: FakeElement[]): void {
    for (const child of children) this.insertBefore(child, null)
  }
  remove(): void {
    if (this.parentNode === null) return
    this.parentNode.childNodes = this.parentNode.childNodes.filter((child) => child !== this)
    this.parentNode = null
  }
  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value))
  }
  removeAttribute(name: string): void {
    this.attributes.delete(name)
  }
  addEventListener(type: string, listener: (event: object) => void): void {
    this.listeners.set(type, listener)
  }
  removeEventListener(type: string): void {
    this.listeners.delete(type)
  }

  /** There is nothing to scroll to. */
  querySelector(): null {
    return null
  }

  /** This element and all below it. */
  all(): FakeElement[] {
    return [this, ...this.childNodes.flatMap((child) => child.all())]
  }
  /** The elements of a name, below this one. */
  named(localName: string): FakeElement[] {
    return this.all().filter((each) => each.localName === localName)
  }
  /** Those that have an attribute, with this value if one is given. */
  having(name: string, value?: string): FakeElement[] {
    return this.all().filter(
      ({ attributes }) => attributes.has(name) && (value === undefined || attributes.get(name) === value),
    )
  }
  click(): void {
    this.fire('click')
  }
  fire(type: string): void {
    this.listeners.get(type)?.call(this, { type })
  }
}

/** A page that is open. */
export interface Opened {
  readonly app: FakeElement
  readonly location: { hash: string }
  /** What was copied last. */
  readonly copied: () => string
  key(key: string): void
  /** Changes the address as a reader does, or the browser's back button. */
  goTo(hash: string): void
}

/** The script of a page. */
export const scriptOf = (page: string): string => page.split('<script>')[1].split('</script>')[0]

/** Runs a page's own script, in a separate context. */
export function opened(page: string, hash = ''): Opened {
  const between = (from: string, to: string): string => page.split(from)[1].split(to)[0]
  const listeners = new Map<string, (event: object) => void>()
  const location = { hash }
  const document: object = {
    createElementNS: (_: string, name: string) => new FakeElement(document, name),
    createTextNode: (text: string) => new FakeElement(document, '#text', text),
    getElementById: (id: string) => elements[id] ?? null,
    body: { classList: { add: () => {} } },
  }
  const holding = (name: string, text: string): FakeElement => {
    const element = new FakeElement(document, name)
    element.append(new FakeElement(document, '#text', text))
    return element
  }
  const app = new FakeElement(document, 'div')
  const elements: Record<string, FakeElement> = {
    app,
    data: holding('script', between('<script type="application/json" id="data">', '</script>')),
    text: holding('pre', between('<pre id="text">', '</pre>')),
  }
  let copied = ''
  const navigator = {
    clipboard: {
      writeText: (text: string) => {
        copied = text
        return Promise.resolve()
      },
    },
  }
  runInNewContext(scriptOf(page), {
    document,
    location,
    navigator,
    JSON,
    innerWidth: 1280,
    queueMicrotask,
    addEventListener: (type: string, listener: (event: object) => void) => listeners.set(type, listener),
  })
  return {
    app,
    location,
    copied: () => copied,
    key: (key) =>
      listeners.get('keydown')?.({
        key,
        ctrlKey: false,
        metaKey: false,
        altKey: false,
        preventDefault: () => {},
      }),
    goTo: (to) => {
      location.hash = to
      listeners.get('hashchange')?.({})
    },
  }
}
