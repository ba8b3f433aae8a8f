import type { DesignCode, DesignModules } from './design-code.ts'

/** Where the text of a module, which has a `data:` URL and so no file, finds what it imports. */
const REGISTRY = Symbol.for('mmucheck.design-modules')

type Namespace = Readonly<Record<string, unknown>>

function registry(): Map<string, Namespace> {
  const holder = globalThis as { [REGISTRY]?: Map<string, Namespace> }
  holder[REGISTRY] ??= new Map()
  return holder[REGISTRY]
}

/**
 * Runs the code of a design in this thread, once for each content. It imports the modules of the build that runs, so that
 * its steps, patches and errors are of the same classes; that also works in a folder that knows no package.
 * @returns the exports of the design file.
 * @throws whatever the code throws, SyntaxError for an import of what is not exported.
 */
export async function runDesignCode(
  { sha256, modules }: DesignCode,
  exported: DesignModules,
): Promise<Namespace> {
  const known = registry()
  const keyOf = (index: number): string => `${sha256} ${index}`
  const shimOf = async (from: string | number): Promise<string> => {
    const key = typeof from === 'number' ? keyOf(from) : from
    if (!known.has(key)) known.set(key, (await exported[key]()) as Namespace)
    return shim(key, known.get(key) as Namespace)
  }
  for (const [index, { url, code, imports }] of modules.entries()) {
    if (known.has(keyOf(index))) continue
    let text = code
    // From the end, so that earlier positions stay valid.
    for (const { start, end, from } of imports.toReversed()) {
      const isNode = typeof from === 'string' && !Object.hasOwn(exported, from)
      const to = isNode ? nodeName(from) : await shimOf(from)
      text = text.slice(0, start) + to + text.slice(end)
    }
    // Stacks then name the user's file. With the hash, equal texts in different files are different modules.
    const named = `${text}\n//# sourceURL=${url}\n//${sha256}\n`
    known.set(keyOf(index), (await import(/* @vite-ignore */ dataUrl(named))) as Namespace)
  }
  return known.get(keyOf(modules.length - 1)) as Namespace
}

const nodeName = (name: string): string => (name.startsWith('node:') ? name : `node:${name}`)

/** A module that exports what the registry has under a key. */
function shim(key: string, namespace: Namespace): string {
  const names = Object.keys(namespace).filter((name) => name !== 'default' && name !== 'module.exports')
  const from = `const m = globalThis[Symbol.for('mmucheck.design-modules')].get(${JSON.stringify(key)})`
  const named = names.map((name) => `export const ${name} = m.${name}`)
  return dataUrl([from, ...named, ...('default' in namespace ? ['export default m.default'] : [])].join('\n'))
}

const dataUrl = (code: string): string =>
  `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
