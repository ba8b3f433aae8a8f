import { z } from 'zod'

/**
 * The code of a design file, TypeScript or JavaScript, and of the files that it imports. It is plain data, types
 * already removed, so that every thread and process runs what was read once.
 */
export const designCodeShape = z.strictObject({
  /** Path of the design file, as the user gave it. */
  file: z.string(),
  /** SHA-256 over the text of all files, in hex; two designs with the same hash are the same. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Each file after those that it imports; the design file last. */
  modules: z.array(
    z.strictObject({
      /** `file:` URL, which errors name. */
      url: z.string(),
      /** JavaScript, with lines and columns as in the file. */
      code: z.string(),
      imports: z.array(
        z.strictObject({
          /** Where the specifier stands in `code`, without its quotes. */
          start: z.int().nonnegative(),
          end: z.int().nonnegative(),
          /** A module of this package or of Node by name, or the index of one of these modules. */
          from: z.string().or(z.int().nonnegative()),
        }),
      ),
    }),
  ),
})

export type DesignCode = Readonly<z.infer<typeof designCodeShape>>

/** What design code can import of this package, by specifier; loaded when a design imports it. */
export type DesignModules = Readonly<Record<string, () => Promise<object>>>

/** True for the name of a file that is code and runs, unlike a JSON file, which is data. */
export const isCodeFile = (path: string): boolean => /\.m?[jt]s$/i.test(path)

const HASH = /^[0-9a-f]{64}$/

/** The hash as it is printed: its first twelve digits. */
export const shortHash = (sha256: string): string => (HASH.test(sha256) ? sha256.slice(0, 12) : 'unknown')
