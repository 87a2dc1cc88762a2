/**
 * Headers that every answer of the admin origin carries: what its pages may load, and who may frame or keep
 * them.
 *
 * Not for the application's origin (the gateway leaves the application's own headers alone). Invariant: no
 * inline script runs but one of the page itself, which like styles that script makes carries the response's nonce, and no
 * other origin is asked for anything. `Referrer-Policy: same-origin` and not `no-referrer`, under which browsers send `Origin:
 * null` with our own forms.
 */

/** The headers; `nonce` admits the inline styles and scripts of this one response, `null`: none. */
export function secureHeaders(nonce: string | null): Readonly<Record<string, string>> {
  const own = nonce === null ? "'self'" : `'self' 'nonce-${nonce}'`
  const policy = [
    "default-src 'none'",
    `script-src ${own}`,
    `style-src ${own}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  }
}
