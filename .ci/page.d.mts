/**
 * The plugin that puts the script and the style of a page into the code that writes it.
 * @param bundled called with the files that went into a script.
 */
export function pagePlugin(bundled?: (files: readonly string[]) => void): {
  readonly name: string
  load(id: string): Promise<{ readonly code: string; readonly moduleType: 'js' } | null>
}
