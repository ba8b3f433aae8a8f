import type { Machine } from '../machines.ts'

/** Machines with a path that is meant: to find the steps of all of them takes long. */
export const withSuchPath = (
  machines: readonly Machine[],
  isMeant: (path: string, machine: Machine) => boolean,
): Machine[] => machines.filter((m) => [...m.paths].some((path) => isMeant(path, m)))

/** `a/b` and `a` for `a/b/c`. */
export const blocksOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, i, parts) => parts.slice(0, i + 1).join('/'))
