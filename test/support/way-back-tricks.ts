/**
 * Texts by which somebody would be led to another origin, where a path is asked for: the tricks that open redirects were found
 * by, each with several hosts, spellings and places.
 *
 * Not all of them leave an origin in every browser; none is a path that one of ours would ever make. Invariant: at least 300,
 * each different, so that a test can say how many it tried.
 */

const hosts = ['evil.example', 'evil.example:8443', '203.0.113.66', '0xCB007142', '[2001:db8::66]']

/** `@` is the host. */
const forms: readonly string[] = [
  // Another scheme, or none.
  ...['//@', '///@', '////@', '//@/%2f..', '//@/..', '//@?/', '//@#/', '//user:pw@@/', '//app.example@@/'],
  ...['http://@', 'https://@', 'HTTPS://@', 'https:@', 'https:/@', 'https:///@', 'http:\\\\@', 'https:\\@'],
  ...['ftp://@', 'ws://@', 'view-source:https://@', 'blob:https://@/x', 'filesystem:https://@/temporary/x'],
  // A backslash is a slash to browsers.
  ...['\\\\@', '/\\@', '\\/@', '/\\/@', '/\\\\@', '\\/\\/@', '//\\@', '/\\//@', '/x\\@', '/\\\t/@', '/./\\@'],
  // Tabs and line ends are skipped, spaces and controls are trimmed.
  ...[
    '/\t/@',
    '/\n/@',
    '/\r/@',
    '/\r\n/@',
    '\t//@',
    '\n//@',
    ' //@',
    '//\t@',
    '/\t\\@',
    '\u0000//@',
    '\u0001//@',
  ],
  ...[
    '/\u0000/@',
    '/\u0009/@',
    '/\u000b/@',
    '/\u000c/@',
    '/ /@',
    '//@\t',
    '\u00a0//@',
    '\ufeff//@',
    '\u2028//@',
  ],
  // Headers that are split.
  ...[
    '/x\r\nLocation: https://@',
    '/x\nLocation: https://@',
    '/x\rSet-Cookie: a=b//@',
    '/%0d%0aLocation:%20https://@\r\n',
  ],
  // What looks like a slash.
  ...[
    '/\u2044/@',
    '/\u2215/@',
    '/\uff0f@',
    '\uff0f\uff0f@',
    '/\u29f8@',
    '\u3002//@',
    '//\uff0e@',
    '/\u00ad/@',
    '/\u200b/@',
  ],
  // Dot segments that leave two slashes at the beginning.
  ...[
    '/.//@',
    '/..//@',
    '/./..//@',
    '/x/..//@',
    '/x/../..//@',
    '/%2e//@',
    '/%2e%2e//@',
    '/.%2e//@',
    '/%2E./%2e//@',
  ],
  ...['/x/%2e%2e//@', '/.///@', '/x/y/../..//@', '/././/@', '/.//..//@'],
  // Not from the root.
  ...['@', '.@', '..//@', './/@', '?//@', '#//@', '@/', '.', '..'].map((form) =>
    form === '.' ? './@' : form,
  ),
]

const alone: readonly string[] = [
  ...[
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
    'javascript://%0aalert(1)',
  ],
  ...['data:text/html,<script>alert(1)</script>', 'data:text/html;base64,PHNjcmlwdD4=', 'vbscript:msgbox(1)'],
  ...['mailto:a@evil.example', 'tel:1', 'file:///etc/passwd', 'about:blank', 'chrome://settings', 'x:y', ''],
]

/** All of them. */
export const wayBackTricks: readonly string[] = [
  ...new Set([...forms.flatMap((form) => hosts.map((host) => form.replace(/@(?!@)/, () => host))), ...alone]),
]
