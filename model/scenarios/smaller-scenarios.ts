/** The contents of a scenario file, as JSON. */
type Contents = Readonly<Record<string, unknown>>
type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json }

/**
 * The contents of a scenario file with one thing less: a vCPU, a thread, a page, a root, an edit, a bound. Those with
 * fewer threads come first. Some make no sense: `scenarioFrom` refuses them. Deterministic, and each is smaller in a
 * measure that ends at 0.
 */
export function* smallerScenarios(contents: Contents): Iterable<Contents> {
  yield* withoutVcpus(contents)
  const { bounds = {}, start = {} } = contents as { readonly bounds?: Json; readonly start?: Json }
  for (const less of withLess(bounds)) yield { ...contents, bounds: less }
  for (const less of withoutEntries(start)) yield { ...contents, start: less }
}

/** Contents with fewer vCPUs. */
function* withoutVcpus(contents: Contents): Iterable<Contents> {
  const vcpus = vcpusOf(contents)
  // All but one at once, first: searches of the scenarios in between may take too long.
  if (vcpus > 2) {
    let one = contents
    for (let gone = vcpus - 1; gone > 0; gone--) one = withoutVcpu(one, gone)
    yield one
  }
  for (let gone = vcpus - 1; gone >= 0 && vcpus > 1; gone--) yield withoutVcpu(contents, gone)
}

const vcpusOf = ({ bounds }: Contents): number => (bounds as { vcpus?: number } | undefined)?.vcpus ?? 1

/** Without one vCPU, and without what the start and the guest's edits say of it. */
function withoutVcpu(contents: Contents, gone: number): Contents {
  const { bounds = {}, start = {} } = contents as {
    readonly bounds?: { readonly guest?: { readonly edits?: readonly { by?: number }[] } }
    readonly start?: Readonly<Record<string, unknown>>
  }
  const { guest } = bounds
  const edits = guest?.edits
    ?.filter(({ by }) => by !== gone)
    .map((edit) => (edit.by !== undefined && edit.by > gone ? { ...edit, by: edit.by - 1 } : edit))
  const perVcpu = ['cr3', 'cr3Loads']
  return {
    ...contents,
    bounds: {
      ...bounds,
      vcpus: vcpusOf(contents) - 1,
      ...(edits === undefined ? {} : { guest: { ...guest, edits } }),
    },
    start: Object.fromEntries(
      Object.entries(start).map(([key, value]) => [
        key,
        perVcpu.includes(key) && Array.isArray(value) ? value.toSpliced(gone, 1) : value,
      ]),
    ),
  }
}

/** The value with one number smaller, one flag off, or one element of a list removed, at any depth. */
function* withLess(value: Json): Iterable<Json> {
  if (typeof value === 'number') {
    if (value > 0) yield 0
    if (value > 2) yield Math.floor(value / 2)
    if (value > 1) yield value - 1
  } else if (value === true) yield false
  else if (isList(value)) {
    for (let n = value.length - 1; n >= 0; n--) yield value.toSpliced(n, 1)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value))
      for (const less of withLess(member)) yield { ...value, [key]: less }
  }
}

/** A start with fewer shadow pages, tables or entries, or without what it need not say. */
function* withoutEntries(start: Json): Iterable<Json> {
  if (typeof start !== 'object' || start === null || isList(start)) return
  const { tables, pages, filled } = start as {
    readonly tables?: readonly (readonly Json[])[]
    readonly pages?: readonly Json[]
    readonly filled?: boolean
  }
  if (filled === true) yield { ...start, filled: false }
  if (pages !== undefined) {
    // The ages of the pages are numbers of pages: without one they are those of the rest, in their order.
    const { oldestFirst: _, ...rest } = start as { readonly [member: string]: Json }
    for (let n = pages.length - 1; n >= 0; n--) yield { ...rest, pages: pages.toSpliced(n, 1) }
  }
  if (tables !== undefined && tables.length > 1) yield { ...start, tables: tables.slice(0, -1) }
  if (tables !== undefined && tables[0].length > 1)
    yield { ...start, tables: tables.map((table) => table.slice(0, -1)) }
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
