/** Puts a text on the clipboard. @param say called with what became of it. */
export function copyText(text: string, say: (words: string) => void): void {
  const done = (): void => say('copied')
  const older = (): void => say(copiedBySelection(text) ? 'copied' : 'the browser does not allow copying')
  if (navigator.clipboard === undefined) older()
  else navigator.clipboard.writeText(text).then(done, older)
}

/** As browsers do it for pages that may not use the clipboard directly. */
function copiedBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  return copied
}
