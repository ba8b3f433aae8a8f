import { type Catalogue, findDesign } from './catalogue.ts'
import type { CommandContext } from './command-context.ts'
import { isCodeFile } from './design-code/design-code.ts'
import { isDesignFile, readDesign, type UserDesign } from './user-design.ts'

/** Seconds that the code of a design may take to describe it. */
const LONGEST = 20

/**
 * Reads a design file: JSON, which is data, or TypeScript or JavaScript, which runs. A file that is named as a design is
 * code that the user chose to run.
 * @param catalogue of the chosen kernel.
 * @throws UsageError as `readDesign`, and for code that throws, does not end or exports no design.
 */
export async function readUserDesign(
  { catalogue: all, vet }: Pick<CommandContext, 'catalogue' | 'vet'>,
  catalogue: Catalogue,
  path: string,
): Promise<UserDesign> {
  if (!isCodeFile(path)) return readDesign(catalogue, path)
  const [{ readDesignCode }, { designOfCode, modulesFor }] = await Promise.all([
    import('./design-code/read-code.ts'),
    import('./design-code/design-of-code.ts'),
  ])
  const code = await readDesignCode(path, Object.keys(modulesFor(all)))
  // First in a thread, which can be ended: in this one, nothing could interrupt a loop.
  await vet?.({ code, ...(catalogue.kernel === undefined ? {} : { kernel: catalogue.kernel.id }) }, LONGEST)
  return designOfCode(catalogue, code)
}

/** The design of this name or file. @throws UsageError as `findDesign` and `readUserDesign`. */
export async function designNamed(
  context: Pick<CommandContext, 'catalogue' | 'vet'>,
  catalogue: Catalogue,
  name: string,
): Promise<Pick<UserDesign, 'design'> & Partial<UserDesign>> {
  return isDesignFile(name)
    ? await readUserDesign(context, catalogue, name)
    : { design: findDesign(catalogue, name) }
}
