import type { Plugin } from 'rolldown'
import type { minifySync } from 'rolldown/utils'

/** A plugin of the bundler that collects which module imports which, and a hash of the code of each. */
export function moduleGraph(
  root: string,
  minify: typeof minifySync,
): { readonly graph: () => unknown; readonly input: Record<string, string>; readonly plugin: Plugin }
