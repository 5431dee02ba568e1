/** Small pictures, 16 by 16, in the colour of the text beside them. They say nothing to screen readers: the text does. */

const PATHS = {
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4 4l8 8M12 4l-8 8',
  play: 'M5 3.5v9l7.5-4.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  clock: 'M8 2a6 6 0 100 12A6 6 0 008 2zM8 4.8V8l2.2 1.8',
  circle: 'M8 3a5 5 0 100 10A5 5 0 008 3z',
  dash: 'M4 8h8',
  stop: 'M4.5 4.5h7v7h-7z',
  again: 'M13 8a5 5 0 11-1.6-3.7M13 2.5v3h-3',
  fork: 'M5 3v10M5 8h3a3 3 0 003-3V3',
  skip: 'M4 4l5 4-5 4zM12 4v8',
  plus: 'M8 3v10M3 8h10',
  search: 'M7 2.8a4.2 4.2 0 100 8.4 4.2 4.2 0 000-8.4zM10.2 10.2L13.5 13.5',
  copy: 'M5.5 5.5h7v8h-7zM10.5 5.5v-3h-7v8h2',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4l-4 4 4 4',
  sun: 'M8 5.2a2.8 2.8 0 100 5.6 2.8 2.8 0 000-5.6zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1 1',
  moon: 'M12.8 9.6A5.2 5.2 0 116.4 3.2a4.2 4.2 0 006.4 6.4z',
  system: 'M2.5 3.5h11v7h-11zM6 13.5h4M8 10.5v3',
  warning: 'M8 2.5l6 10.5H2zM8 6.5v3M8 11.2v.3',
  share: 'M11.5 2.5v6M8.8 5l2.7-2.7L14.2 5M9 9.5v3.5H3V5h3',
  download: 'M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13.5h10',
  fit: 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3',
  link: 'M6.5 9.5l3-3M7 4.5l1.3-1.3a2.6 2.6 0 013.7 3.7L10.7 8.2M9 11.5l-1.3 1.3A2.6 2.6 0 014 9.1l1.3-1.3',
  external: 'M6 3.5H3.5v9h9V10M9 3h4v4M13 3L7.5 8.5',
  send: 'M2.5 8h10M9 4.5L12.5 8 9 11.5',
  trash: 'M3.5 4.5h9M6.5 4.5v-2h3v2M4.8 4.5l.6 9h5.2l.6-9',
  filter: 'M2.5 3.5h11L9.5 8.5v4l-3 1v-5z',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
