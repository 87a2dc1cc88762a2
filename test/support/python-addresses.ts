/**
 * The oracle for address text: one python3 process that reads every case with its `ipaddress` module.
 *
 * It adds what SPEC §4 adds to Python, and nothing else: mapped addresses are IPv4, zone ids are dropped, an address
 * alone is a /32 or a /64, netmask notation is refused. Invariant: one line in, one line out. Refused: a process per
 * case, which takes minutes.
 */
import { execFileSync } from 'node:child_process'

/** What Python makes of a text as an address: canonical text, `null` if refused. */
export type PythonReading = {
  readonly address: string | null
  /** As a range: canonical CIDR text, `null` if refused. */
  readonly range: string | null
  /** Which of the probes lie in that range. */
  readonly contains: readonly number[]
}

const program = `
import ipaddress, json, re, sys
def address(text):
    try: found = ipaddress.ip_address(text)
    except ValueError: return None
    if found.version == 6:
        found = ipaddress.IPv6Address(int(found))
        if found.ipv4_mapped is not None: return found.ipv4_mapped
    return found
def network(text):
    head, slash, tail = text.partition('/')
    one = address(head)
    if one is None: return None
    if not slash: return ipaddress.ip_network((one, 32 if one.version == 4 else 64), strict=False)
    if not re.fullmatch('0|[1-9][0-9]{0,2}', tail): return None
    prefix = int(tail) - (96 if one.version == 4 and ':' in head else 0)
    if prefix < 0 or prefix > one.max_prefixlen: return None
    return ipaddress.ip_network((one, prefix), strict=False)
cases = json.load(sys.stdin)
probes = [address(text) for text in cases['probes']]
answers = []
for text in cases['texts']:
    one, net = address(text), network(text)
    inside = [] if net is None else [i for i, p in enumerate(probes) if p.version == net.version and p in net]
    answers.append({'address': None if one is None else str(one), 'range': None if net is None else str(net), 'contains': inside})
json.dump(answers, sys.stdout)
`

/** Python's reading of every text; throws where there is no python3. */
export const readWithPython = (
  texts: readonly string[],
  probes: readonly string[],
): readonly PythonReading[] =>
  JSON.parse(
    execFileSync('python3', ['-c', program], {
      input: JSON.stringify({ texts, probes }),
      encoding: 'utf8',
      maxBuffer: 1e9,
    }),
  )
