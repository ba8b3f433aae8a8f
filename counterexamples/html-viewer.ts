/** The data in the page of a counterexample; values are texts, in the order of `variables`. */
export interface PageData {
  readonly variables: readonly string[]
  /** Values at the beginning. */
  readonly initial: readonly string[]
  /** For each step, the variables that it changed and their new values. */
  readonly steps: readonly {
    readonly lane: number
    readonly name: string
    readonly changes: readonly (readonly [variable: number, value: string])[]
  }[]
}

/** The part of a browser's document that the viewer needs. */
export interface Page {
  getElementById(id: string): Element | null
  querySelectorAll(selector: string): Iterable<Element>
  createElement(tag: string): Element
  addEventListener(type: 'keydown', listener: (event: KeyPress) => void): void
}

interface Element {
  textContent: string | null
  hidden: boolean
  checked?: boolean
  readonly dataset: Record<string, string | undefined>
  readonly classList: { toggle(name: string, on: boolean): void }
  replaceChildren(...children: Element[]): void
  append(...children: Element[]): void
  setAttribute(name: string, value: string): void
  removeAttribute(name: string): void
  addEventListener(type: 'click' | 'change', listener: () => void): void
  scrollIntoView?(options: { readonly block: 'nearest' }): void
}

interface KeyPress {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  preventDefault(): void
}

/** The page's address. */
export interface Address {
  hash: string
}

/**
 * Runs in the browser, from the text of this function, so it may use nothing but its arguments. Shows the state after
 * any number of steps, and which step wrote a field last.
 */
export function viewer(
  page: Page,
  address: Address,
  data: PageData,
): { go(step: number): void; readonly at: number } {
  const last = data.steps.length
  let at = last
  let watched = -1

  const states: (readonly string[])[] = [data.initial]
  for (const step of data.steps) {
    const next = [...states[states.length - 1]]
    for (const [variable, value] of step.changes) next[variable] = value
    states.push(next)
  }
  const writers = (variable: number): number[] =>
    data.steps.flatMap((step, i) => (step.changes.some(([changed]) => changed === variable) ? [i + 1] : []))

  const cell = (tag: string, text: string): Element => {
    const element = page.createElement(tag)
    element.textContent = text
    return element
  }

  const field = (variable: number): Element => {
    const row = page.createElement('tr')
    const now = states[at][variable]
    const before = at === 0 ? now : states[at - 1][variable]
    const changed = now !== before
    row.classList.toggle('changed', changed)
    row.classList.toggle('watched', variable === watched)
    row.append(cell('td', changed ? '*' : ''), cell('th', data.variables[variable]), cell('td', now))
    row.append(
      cell(
        'td',
        changed
          ? `was ${before}`
          : now === data.initial[variable]
            ? ''
            : `at first ${data.initial[variable]}`,
      ),
    )
    row.addEventListener('click', () => {
      watched = watched === variable ? -1 : variable
      show()
    })
    return row
  }

  const show = (): void => {
    for (const row of page.querySelectorAll('[data-step]')) {
      const here = Number(row.dataset.step) === at
      row.classList.toggle('here', here)
      row.classList.toggle('ahead', Number(row.dataset.step) > at)
      if (here) {
        row.setAttribute('aria-current', 'step')
        row.scrollIntoView?.({ block: 'nearest' })
      } else row.removeAttribute('aria-current')
    }
    const moving = page.getElementById('moving')?.checked === true
    const shown = data.variables
      .map((_, variable) => variable)
      .filter((variable) => !moving || writers(variable).length > 0)
    page.getElementById('fields')?.replaceChildren(...shown.map(field))
    const title = page.getElementById('state')
    if (title !== null)
      title.textContent =
        at === 0 ? 'State at the beginning' : `State after step ${at}: ${data.steps[at - 1].name}`
    const watch = page.getElementById('watch')
    if (watch !== null) {
      const by = watched < 0 ? [] : writers(watched)
      watch.textContent =
        watched < 0
          ? 'Click a field to see which steps write it.'
          : `${data.variables[watched]} is written by ${by.length === 0 ? 'no step' : by.map((s) => `step ${s}`).join(', ')}; w goes back to the last one.`
    }
  }

  const go = (step: number): void => {
    if (!(step >= 0 && step <= last)) return
    at = step
    address.hash = `#${at}`
    show()
  }

  /** The next step of the lane that moved last, in a direction. */
  const sameLane = (direction: 1 | -1): void => {
    const lane = data.steps[Math.max(0, at - 1)]?.lane
    for (let s = at + direction; s >= 1 && s <= last; s += direction) {
      if (data.steps[s - 1].lane === lane) {
        go(s)
        return
      }
    }
  }

  const keys: Readonly<Record<string, () => void>> = {
    j: () => go(at + 1),
    ArrowDown: () => go(at + 1),
    k: () => go(at - 1),
    ArrowUp: () => go(at - 1),
    J: () => sameLane(1),
    K: () => sameLane(-1),
    g: () => go(0),
    G: () => go(last),
    w: () => go(writers(watched).findLast((s) => s < at) ?? at),
  }
  page.addEventListener('keydown', (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  })
  for (const row of page.querySelectorAll('[data-step]')) {
    row.addEventListener('click', () => go(Number(row.dataset.step)))
  }
  for (const button of page.querySelectorAll('[data-key]')) {
    button.addEventListener('click', () => keys[button.dataset.key ?? '']?.())
  }
  page.getElementById('moving')?.addEventListener('change', show)
  const wanted = Number(address.hash.slice(1))
  go(address.hash.length > 1 && Number.isInteger(wanted) && wanted >= 0 && wanted <= last ? wanted : last)
  return {
    go,
    get at() {
      return at
    },
  }
}
