// The people and places of the demonstration: two practices, five roles, seven members of staff and one
// patient, with passwords that can be read aloud.
//
// Not a store: nothing here changes while the app runs, and nothing here is secret.
// Invariant: identifiers, e-mail addresses and passwords are fixed, so documentation can quote them.
// Refused: generated people. A reader should meet the same front desk every time.

/** One of the five roles a member of staff can hold in a practice. */
export type RoleId = 'owner' | 'office-manager' | 'front-desk' | 'dentist' | 'hygienist'

/** The human name of each role, as shown beside a person's name. */
export const roleNames: Readonly<Record<RoleId, string>> = {
  owner: 'Owner',
  'office-manager': 'Office manager',
  'front-desk': 'Front desk',
  dentist: 'Dentist',
  hygienist: 'Hygienist',
}

/** A dental practice: `zone` is an IANA time zone, in which all its days and hours are read. */
export type Practice = {
  readonly id: string
  readonly name: string
  readonly zone: string
  readonly city: string
}

/** The roles one person holds in one practice. */
export type Membership = { readonly practice: string; readonly roles: readonly RoleId[] }

/** A member of staff who can sign in; the password is plain because this is a demonstration. */
export type DemoUser = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly password: string
  readonly title: string
  readonly memberships: readonly Membership[]
}

/** A patient with an account for the patient portal; `patientId` names a chart of that practice. */
export type DemoPatient = {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly password: string
  readonly practice: string
  readonly patientId: string
}

/** Both practices, in the order pages list them. */
export const demoPractices: readonly Practice[] = [
  { id: 'riverside', name: 'Riverside Dental', zone: 'America/Chicago', city: 'Minneapolis, MN' },
  { id: 'lakeview', name: 'Lakeview Family Dentistry', zone: 'America/Denver', city: 'Boulder, CO' },
]

/** All staff: two belong to both practices, five to one. */
export const demoUsers: readonly DemoUser[] = [
  {
    id: 'u-olivia',
    name: 'Olivia Hart',
    email: 'olivia.owner@demo.test',
    password: 'owner-demo',
    title: 'Owner of both practices',
    memberships: [
      { practice: 'riverside', roles: ['owner'] },
      { practice: 'lakeview', roles: ['owner'] },
    ],
  },
  {
    id: 'u-mark',
    name: 'Mark Jensen',
    email: 'mark.manager@demo.test',
    password: 'manager-demo',
    title: 'Office manager',
    memberships: [{ practice: 'riverside', roles: ['office-manager'] }],
  },
  {
    id: 'u-fiona',
    name: 'Fiona Walsh',
    email: 'fiona.front@demo.test',
    password: 'front-desk-demo',
    title: 'Front desk lead',
    memberships: [{ practice: 'riverside', roles: ['front-desk'] }],
  },
  {
    id: 'u-dan',
    name: 'Dr. Dan Whitaker',
    email: 'dan.dentist@demo.test',
    password: 'dentist-demo',
    title: 'General dentist, DDS',
    memberships: [
      { practice: 'riverside', roles: ['dentist'] },
      { practice: 'lakeview', roles: ['dentist'] },
    ],
  },
  {
    id: 'u-helen',
    name: 'Helen Brooks',
    email: 'helen.hygienist@demo.test',
    password: 'hygienist-demo',
    title: 'Dental hygienist, RDH',
    memberships: [{ practice: 'riverside', roles: ['hygienist'] }],
  },
  {
    id: 'u-bea',
    name: 'Bea Castillo',
    email: 'bea.billing@demo.test',
    password: 'biller-demo',
    title: 'Remote biller',
    memberships: [{ practice: 'lakeview', roles: ['front-desk'] }],
  },
  {
    id: 'u-luke',
    name: 'Luke Moreno',
    email: 'luke.lakeview@demo.test',
    password: 'lakeview-demo',
    title: 'Office manager',
    memberships: [{ practice: 'lakeview', roles: ['office-manager'] }],
  },
]

/** The one patient who has opened a portal account. */
export const demoPatients: readonly DemoPatient[] = [
  {
    id: 'u-paula',
    name: 'Paula Nguyen',
    email: 'paula.patient@demo.test',
    password: 'patient-demo',
    practice: 'riverside',
    patientId: 'p-1001',
  },
]

/** The practice with this id, or `null` when there is none. */
export function findPractice(id: string | null | undefined): Practice | null {
  return demoPractices.find((practice) => practice.id === id) ?? null
}
