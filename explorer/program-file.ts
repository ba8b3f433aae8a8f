/**
 * Address of another file of this build, by the name that .ci/programs.mjs gives it. All files of a build lie in
 * one folder, so this is right in whatever file the code came to lie. Only built code has such files.
 */
export function programFile(name: string): URL {
  return new URL(`./${name}.mjs`, import.meta.url)
}
