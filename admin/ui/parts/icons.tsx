/**
 * The console's icons: strokes of one width on a grid of 24, in the colour of the text around them.
 *
 * Not an icon library: a few shapes need none. Invariant: an icon is decoration and hidden from assistive
 * technology; what it means stands beside it as text or in the label of its button.
 */
const shapes = {
  gate: 'M5 20v-8a7 7 0 0 1 14 0v8M10 20v-7.5a2 2 0 0 1 4 0V20M3 20h18',
  after: 'M9.5 6l6 6-6 6',
  before: 'M14.5 6l-6 6 6 6',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4',
  chevron: 'M7 10l5 5 5-5',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 2',
  copy: 'M8 8V4h12v12h-4M4 8h12v12H4z',
  cross: 'M6 6l12 12M18 6L6 18',
  controls: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  device: 'M4 5h16v11H4zM9 20h6M12 16v4',
  download: 'M12 4v11m0 0l-4.5-4.5M12 15l4.5-4.5M5 20h14',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  inbox: 'M4 13h4.5a3.5 3.5 0 0 0 7 0H20M4 13v6h16v-6L17 5H7z',
  key: 'M8 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 12h9M17.5 12v3.5',
  keyboard: 'M3 7h18v10H3zM7 10.5h.01M11 10.5h.01M15 10.5h.01M8 14h8',
  link: 'M4 7h16M4 12h16M4 17h10',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
  menu: 'M4 6.5h16M4 12h16M4 17.5h16',
  moon: 'M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z',
  network: 'M12 3v6M5 21v-5h14v5M12 9v7M9 3h6v4H9z',
  people:
    'M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 20c.8-3.6 3.3-5 6.5-5s5.7 1.4 6.5 5M16 5.5a3.2 3.2 0 0 1 0 6.2M18 15.3c1.9.7 3 2.2 3.5 4.7',
  phone: 'M7 3h10v18H7zM11 18h2',
  plus: 'M12 5v14M5 12h14',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4 4',
  shield: 'M12 3l7 3v5c0 5-3 8.5-7 10-4-1.5-7-5-7-10V6z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5',
  system: 'M4 5h16v11H4zM9 20h6',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17.2v.3',
} as const

/** The name of an icon. */
export type IconName = keyof typeof shapes

/** An icon as large as a capital letter, or `size` pixels. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden="true"
      focusable="false"
      className="gh-icon"
    >
      <path d={shapes[name]} />
    </svg>
  )
}
