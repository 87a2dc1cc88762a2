/**
 * The part of an application's configuration that is about practices: which one a request is about, and their logos.
 *
 * Reading a request by it is `gateway/practice.ts`. Invariant: what a client carries counts only where the application itself
 * scopes its data by that very value, which `authoritative: true` says.
 */
import { z } from 'zod'

/** A cookie's or header's name (RFC 9110 token). */
export const tokenText = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_|~-]{1,128}$/, 'expected a cookie name')

/** A path of an application. */
export const path = z
  .string()
  .max(2_000)
  .regex(/^\/(?![/\\])[^\s?#\\]*$/, 'expected a path that starts with one /, without query')

/** A path of an application with a fixed query. */
export const questionPath = z
  .string()
  .max(2_000)
  .regex(/^\/(?![/\\])[^\s\p{Cc}#\\]*$/u, 'expected a path that starts with one /, with a query or without')

const practiceId = z.string().max(64)

/** `upstreams[].practice`. */
export const practiceSourceSchema = z.strictObject({
  hosts: z.record(z.string().max(253), practiceId).default({}).describe('Exact host → practice.'),
  pathPrefixes: z
    .record(z.string().max(100), practiceId)
    .default({})
    .describe('First path segment → practice.'),
  cookie: z
    .strictObject({
      name: tokenText.describe('The cookie that carries the practice.'),
      authoritative: z
        .literal(true)
        .describe('Says that the application scopes its data by that very value.'),
    })
    .nullable()
    .default(null)
    .describe('A cookie of the application that names the practice.'),
  header: z
    .strictObject({
      name: tokenText.describe('The header that carries the practice.'),
      authoritative: z
        .literal(true)
        .describe('Says that the application scopes its data by that very value.'),
    })
    .nullable()
    .default(null)
    .describe('A header that the application’s own scripts send, which names the practice.'),
  fixed: practiceId.nullable().default(null).describe('The only practice of this application.'),
  choosingPage: path
    .nullable()
    .default(null)
    .describe(
      'Where the application lets people choose a practice, linked from the page of their practices where neither host nor path names them; `null`: nowhere.',
    ),
})

/** `upstreams[].logos`. */
export const logosSchema = z
  .record(
    practiceId,
    z
      .string()
      .min(1)
      .max(1_000)
      .regex(/^\P{Cc}+$/u, 'expected the name of a file'),
  )
  .default({})
