/**
 * The second factors of one practice as the admin API would tell them: every state once.
 *
 * Not a server (`canned-server.ts`). Invariant: the answer passes the contract's own schema.
 */
import { at } from './canned-practice.ts'

const day = 86_400_000

const person = {
  methods: [] as string[],
  deadline: null as number | null,
  lastVerifiedAt: null as number | null,
  enrolledAt: null as number | null,
  recoveryCodesLeft: 0,
  lockedUntil: null as number | null,
  source: null as string | null,
  gaps: [] as string[],
  requiredBy: null as { everyone: boolean; roles: string[]; named: boolean } | null,
}
const enrolled = { methods: ['totp'], source: 'gateway', enrolledAt: at - 40 * day, recoveryCodesLeft: 10 }

/** Six people, one in each state but `off`, and one whose time is up. */
export const factorStatuses = {
  version: 5,
  total: 6,
  counts: {
    ...{ off: 0, optional: 1, enabled: 1, locked: 1 },
    ...{ 'required-enabled': 1, 'required-not-set-up': 2 },
  },
  people: [
    {
      ...{ ...person, ...enrolled, user: 'u-ada', name: 'Ada Dentist', login: 'ada', roles: ['dentist'] },
      ...{ status: 'enabled', lastVerifiedAt: at - 3 * day, recoveryCodesLeft: 2 },
    },
    {
      ...{ ...person, user: 'u-fiona', name: 'Fiona Front', login: 'fiona', roles: ['front-desk'] },
      ...{ status: 'required-not-set-up', deadline: at + 5 * day, gaps: ['not-set-up'] },
      requiredBy: { everyone: false, roles: ['Front desk'], named: false },
    },
    {
      ...{ ...person, user: 'u-gil', name: 'Gil Gone', login: 'gil', roles: ['front-desk'] },
      ...{ status: 'required-not-set-up', deadline: at - day, gaps: ['not-set-up', 'overdue'] },
      requiredBy: { everyone: false, roles: ['Front desk'], named: true },
    },
    {
      ...{ ...person, user: 'u-hugo', name: 'Hugo Hygienist', login: 'hugo', roles: ['hygienist'] },
      status: 'optional',
    },
    {
      ...{ ...person, ...enrolled, user: 'u-lena', name: 'Lena Locked', login: 'lena', roles: ['owner'] },
      ...{ status: 'locked', lastVerifiedAt: at - 9 * day, lockedUntil: at + 60_000 },
      requiredBy: { everyone: false, roles: ['Owner'], named: false },
    },
    {
      ...{ ...person, ...enrolled, user: 'u-nora', name: 'Nora Owner', login: 'nora', roles: ['owner'] },
      ...{ status: 'required-enabled', lastVerifiedAt: at - 40 * 60_000 },
      requiredBy: { everyone: false, roles: ['Owner'], named: false },
    },
  ],
  nextCursor: null,
}

/** What the canned server answers for 2FA management beside the list. */
export const factorAnswers: Readonly<Record<string, unknown>> = {
  'GET /api/practices/:practice/two-factor/report': 'name,login,gaps\nFiona Front,fiona,not-set-up\n',
  'POST /api/practices/:practice/users/:user/two-factor/enrolment-code': {
    code: 'KXQ7-2M9A-TEST',
    endsAt: at + 3_600_000,
  },
}
