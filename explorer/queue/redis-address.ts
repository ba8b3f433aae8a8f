import { inspect } from 'node:util'
import { z } from 'zod'

/** Where Redis is. The password is never part of a text that can be printed. */
export class RedisAddress {
  /** `redis://HOST:PORT/DB`, without user and password. */
  readonly shown: string
  readonly #url: string
  readonly #secrets: readonly string[]

  /** @param text `redis://` or, with TLS, `rediss://`. @throws BadAddress which does not repeat the text. */
  constructor(text: string) {
    const parsed = shape.safeParse(text)
    if (!parsed.success) throw new BadAddress(parsed.error.issues[0].message)
    const url = new URL(text)
    this.#url = text
    const { protocol, hostname, port, pathname } = url
    this.shown = `${protocol}//${hostname}:${port === '' ? 6379 : port}${pathname === '/' ? '' : pathname}`
    const { password } = url
    this.#secrets = [...new Set([password, decoded(password)])]
      .filter((secret) => secret !== '')
      .sort((a, b) => b.length - a.length)
  }

  /** The whole address, password included: for the client of Redis only. */
  get secretUrl(): string {
    return this.#url
  }

  /** A text without the password. */
  redacted(text: string): string {
    return this.#secrets.reduce((all, secret) => all.replaceAll(secret, '***'), text)
  }

  toString(): string {
    return this.shown
  }

  toJSON(): string {
    return this.shown
  }

  [inspect.custom](): string {
    return this.shown
  }
}

/** A text is no address of Redis. */
export class BadAddress extends Error {
  override readonly name = 'BadAddress'
}

const FORM = 'must be redis://HOST:PORT, or rediss://HOST:PORT with TLS'

const shape = z.string().refine(isAddress, FORM)

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, pathname, search } = new URL(text)
  return (
    (protocol === 'redis:' || protocol === 'rediss:') &&
    hostname !== '' &&
    /^(?:\/\d{0,5})?$/.test(pathname) &&
    search === ''
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
