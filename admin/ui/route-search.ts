/**
 * What the addresses of the operating screens carry: what is searched, which state is shown, which dialog is open.
 *
 * The routes are `router.tsx`'s. Invariant: what an address carries is checked before a screen sees it, and whatever it
 * does not know is dropped; an address never shows a secret: the dialog that makes one asks first.
 */
type Search = Readonly<Record<string, unknown>>

/** What such an address carries. `open`: a dialog by name, after a dot what it is about; `status`: a state of the list. */
export type ListSearch = {
  readonly text?: string
  readonly status?: string
  readonly open?: string
}

const openForm = /^[a-z-]{1,24}(\.[A-Za-z0-9_.:/-]{1,100})?$/
const chosenForm = /^[A-Za-z0-9_,-]{1,6500}$/

/** A text of an address that is worth looking at; else absent. */
export const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, 80) : undefined

const matching = (value: unknown, form: RegExp): string | undefined =>
  typeof value === 'string' && form.test(value) ? value : undefined

/** An open dialog by name, after a dot what it is about; else absent. */
export const openIn = (value: unknown): string | undefined => matching(value, openForm)
/** Ticked rows by id, with commas; else absent. */
export const chosenIn = (value: unknown): string | undefined => matching(value, chosenForm)
/** The span of a chart that is not a week; else absent. */
export const spanIn = (value: unknown): 'day' | 'month' | undefined => oneOf(value, ['day', 'month'])

/** The fields that have a value. */
export const present = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/** Reads it. */
export const listSearch = ({ text, status, open }: Search): ListSearch =>
  present({
    text: textIn(text),
    status: matching(status, /^[a-z-]{1,24}$/),
    open: openIn(open),
  })

/** What the address of a list in pages carries; `page`: from 2 on. */
export type PagedSearch = ListSearch & { readonly page?: number }

/** Reads it. */
export const pagedSearch = (search: Search): PagedSearch => {
  const page = /^[1-9]\d{0,4}$/.test(String(search.page)) ? Number(search.page) : 1
  return { ...listSearch(search), ...(page < 2 ? {} : { page }) }
}

/** What the address of the allowlist carries. `use`: of entries that are on; `after`: the cursor of a later page. */
export type AllowlistSearch = ListSearch & {
  readonly status?: 'on' | 'off' | 'expired'
  readonly use?: 'expiring' | 'unused'
  /** `practice`, `role`, `user`, or one of them: `role:front-desk`. */
  readonly audience?: string
  readonly sort?: EntrySort
  readonly order?: 'desc'
  readonly after?: string
  /** Ticked entries. */
  readonly chosen?: string
}

/** By what entries are ordered; absent: as they were added. */
export type EntrySort = 'label' | 'range' | 'expires' | 'matched'

const oneOf = <T extends string>(value: unknown, choices: readonly T[]): T | undefined =>
  choices.find((choice) => choice === value)

/** Reads it. */
export const allowlistSearch = (search: Search): AllowlistSearch =>
  present({
    text: textIn(search.text),
    open: openIn(search.open),
    status: oneOf(search.status, ['on', 'off', 'expired']),
    use: oneOf(search.use, ['expiring', 'unused']),
    audience: matching(
      search.audience,
      /^(practice|role|user|role:[a-z0-9-]{1,64}|user:[A-Za-z0-9_-]{1,64})$/,
    ),
    sort: oneOf<EntrySort>(search.sort, ['label', 'range', 'expires', 'matched']),
    order: oneOf(search.order, ['desc']),
    after: matching(search.after, /^.{1,200}$/),
    chosen: chosenIn(search.chosen),
  })

/**
 * What the address of the security events carries; `from` and `to` are days like 2026-12-24. The last six are of the
 * refusals alone. `code`: a reference code as people type it.
 */
export type EventSearch = {
  readonly view?: 'refusals'
  readonly type?: string
  readonly actor?: string
  readonly target?: string
  readonly from?: string
  readonly to?: string
  readonly open?: string
  readonly user?: string
  readonly address?: string
  readonly control?: ControlOfRefusal
  readonly kind?: 'refused' | 'monitored'
  readonly code?: string
  readonly span?: 'day' | 'month'
}

/** What refused. */
export type ControlOfRefusal = 'session' | 'ip' | 'time' | 'two-factor' | 'permission'

const dayForm = /^\d{4}-\d\d-\d\d$/

/** Reads it. */
export const eventSearch = (search: Search): EventSearch =>
  present({
    view: oneOf(search.view, ['refusals']),
    type: textIn(search.type),
    actor: textIn(search.actor),
    target: textIn(search.target),
    from: matching(search.from, dayForm),
    to: matching(search.to, dayForm),
    open: openIn(search.open),
    user: textIn(search.user),
    address: textIn(search.address),
    control: oneOf<ControlOfRefusal>(search.control, ['session', 'ip', 'time', 'two-factor', 'permission']),
    kind: oneOf(search.kind, ['refused', 'monitored']),
    code: matching(search.code, /^[A-Za-z0-9-]{4,40}$/),
    span: spanIn(search.span),
  })
