// Pages contain a script and a style sheet. Their sources are modules of components; this makes one text of each, and
// gives both to the code that writes pages. A plugin of the bundler and of the tests.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Modules that are replaced, each by the script that the `main.tsx` beside it is the entry of. */
const EMBEDDED = /[\\/](?:counterexamples|explore)[\\/]page[\\/]embedded\.ts$/

/** Bundles the script of a page. */
async function scriptOf(entry) {
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: entry,
    platform: 'browser',
    tsconfig: false,
    transform: { target: 'es2022', jsx: { runtime: 'automatic', importSource: 'preact' } },
    logLevel: 'silent',
  })
  const { output } = await bundle.generate({ format: 'iife', minify: true, comments: false })
  await bundle.close()
  return { text: output[0].code.trim(), modules: output[0].moduleIds }
}

/** @param bundled called with the files that went into a script. */
export function pagePlugin(bundled = () => {}) {
  return {
    name: 'page',
    async load(id) {
      if (!EMBEDDED.test(id.split('?')[0])) return null
      const folder = dirname(id)
      const { text, modules } = await scriptOf(join(folder, 'main.tsx'))
      bundled(modules)
      const sheets = readdirSync(folder).filter((name) => name.endsWith('.css'))
      const styles = sheets.sort().map((name) => readFileSync(join(folder, name), 'utf8'))
      const style = styles.join('').replace(/\s+/g, ' ')
      // Neither may end the element that it stands in.
      if (/<\/(script|style)|<!--/i.test(text + style))
        throw new Error(`${basename(folder)}: a tag in the script`)
      const both = JSON.stringify({ script: text, style })
      return { code: `const both = ${both}\nexport const embedded = () => both\n`, moduleType: 'js' }
    },
  }
}
