// Which module of the program imports which, and a hash of the code of each: the verdict cache tells by them what a
// change can have changed. Comments and layout do not count. And one more entry, which names the modules of the model
// that contain designs, scenarios and properties, with what they export.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** Name of the file with the graph in a build: `{ "PATH": { "hash": ..., "imports": [PATH...] } }`. */
export const GRAPH = 'modules.json'

/** Name of the further entry; it exports `modules`, an array of path and exports. */
export const CATALOGUE_MODULES = 'catalogue-modules'

/** Folders with modules that define what has an id. */
const FOLDERS = ['model/designs', 'model/scenarios', 'properties']

const VIRTUAL = 'virtual:catalogue-modules'

/**
 * A plugin of the bundler that collects the graph.
 * @param minify removes comments and layout: `minifySync` of the bundler.
 */
export function moduleGraph(root, minify) {
  const graph = {}
  const pathOf = (id) => relative(root, id.replace(/^\0/, '').replace(/\?.*$/, '')).split(sep).join('/')
  return {
    /** The graph, once the bundle is made. */
    graph: () => graph,
    /** What to bundle besides; nothing where there is no model. */
    input: definers(root).length > 0 ? { [CATALOGUE_MODULES]: VIRTUAL } : {},
    plugin: {
      name: 'module-graph',
      resolveId: (id) => (id === VIRTUAL ? `\0${VIRTUAL}` : null),
      load: (id) => (id === `\0${VIRTUAL}` ? listing(root) : null),
      generateBundle() {
        for (const id of this.getModuleIds()) {
          if (id.includes(VIRTUAL) || !existsSync(id.replace(/^\0/, '').replace(/\?.*$/, ''))) continue
          const { importedIds, dynamicallyImportedIds } = this.getModuleInfo(id)
          graph[pathOf(id)] = {
            hash: hashOf(id.replace(/^\0/, '').replace(/\?.*$/, ''), minify),
            imports: [...importedIds, ...dynamicallyImportedIds].map(pathOf),
          }
        }
      },
    },
  }
}

function hashOf(file, minify) {
  const text = readFileSync(file, 'utf8')
  const { code, errors } = file.includes('node_modules')
    ? { code: text, errors: [] }
    : minify(file, text, { compress: false, mangle: false })
  return createHash('sha256')
    .update(errors.length === 0 && code !== '' ? code : text)
    .digest('hex')
}

/** The modules that may define what has an id. */
const definers = (root) =>
  FOLDERS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.test|\.bench)\.ts$/.test(name))
      .map((name) => `${folder}/${name.split(sep).join('/')}`)
      // An index lists what others define.
      .filter((path) => !path.endsWith('/index.ts') && !path.includes('/testing/'))
      .sort(),
  )

/** The text of the further entry. */
function listing(root) {
  const files = definers(root)
  return [
    ...files.map((path, n) => `import * as m${n} from ${JSON.stringify(join(root, path))}`),
    `export const modules = [${files.map((path, n) => `[${JSON.stringify(path)}, m${n}]`).join(', ')}]`,
  ].join('\n')
}
