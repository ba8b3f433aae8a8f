import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package, found from a source file as well as from a compiled one. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error('the benchmark runs inside a checkout of the repository')
    folder = dirname(folder)
  }
  return folder
}

/** Path of a translated model; translations are not compiled, so they stay in the source tree. */
export function modelPath(name: string): string {
  return join(packageFolder(), 'explorer', 'bench', 'models', name)
}

/**
 * A Murphi model with its constants set.
 * @throws Error for a constant that the model does not declare.
 */
export function murphiSource(name: string, constants: Readonly<Record<string, number>>): string {
  let text = readFileSync(modelPath(`${name}.m`), 'utf8')
  for (const [constant, value] of Object.entries(constants)) {
    const declaration = new RegExp(`const ${constant}: \\d+;`)
    if (!declaration.test(text)) throw new Error(`${name}.m declares no constant ${constant}`)
    text = text.replace(declaration, `const ${constant}: ${value};`)
  }
  return text
}
