/** The frame of the page: which service, the ways to its screens, and the screen itself. */
import { useEffect, useRef } from 'preact/hooks'
import type { ServiceView } from '../../lib/console/views.ts'
import { api } from './api.ts'
import { href, route, runHref, titleOf, type Route } from './router.ts'
import { Screen } from './screen.tsx'
import { service, setService } from './service.ts'
import { nextTheme, setTheme, theme, type Theme } from './theme.ts'
import { IconButton } from './ui/button.tsx'
import { Loading } from './ui/empty.tsx'
import { Icon, type IconName } from './ui/icons.tsx'
import { ProblemBox } from './ui/problem-box.tsx'
import { Toasts } from './ui/toast.tsx'
import { useData } from './ui/use-data.ts'

export function Shell() {
  const { value, problem, reload } = useData('service', api.service)
  useEffect(() => {
    if (value) setService(value)
  }, [value])
  const known = service.value
  useScreenChange(known)
  return (
    <>
      <a class="skip-link" href="#main" onClick={focusMain}>
        Skip to the screen
      </a>
      <Header service={known} />
      <main id="main" tabIndex={-1}>
        {known ? <Screen /> : problem ? <ProblemBox problem={problem} onRetry={reload} /> : <Loading />}
      </main>
      <Toasts />
    </>
  )
}

/** The window is called as its screen; the keyboard goes on there where the link that led there is gone. */
function useScreenChange(service: ServiceView | undefined): void {
  const title = titleOf(route.value)
  useEffect(() => {
    document.title = service ? `${title} · ${service.name}` : 'Flowcraft console'
  }, [title, service])
  const isFirst = useRef(true)
  useEffect(() => {
    if (isFirst.current) isFirst.current = false
    else if (document.activeElement === document.body) document.getElementById('main')?.focus()
  }, [title])
}

/** The hash is the route's; so that a link to '#main' would lead elsewhere. */
function focusMain(event: MouseEvent): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Header({ service }: { readonly service: ServiceView | undefined }) {
  const isFile = service?.kind === 'file'
  const isOneOfMany = service !== undefined && service.services.length > 1
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label={`Flowcraft console of ${service?.name ?? 'the service'}`}>
        <Mark />
        {!isOneOfMany && <span class="brand-name">{service?.name ?? 'Flowcraft'}</span>}
      </a>
      {isOneOfMany && <ChooseService service={service} />}
      {service && (
        <span class="place" title={`${service.place}; flowcraft-aws ${service.version}`}>
          {service.place.replace(`${service.name}, `, '')}
        </span>
      )}
      {!isFile && <Ways />}
      <div class="top-end">
        {service && !service.writable && !isFile && <span class="badge">read-only</span>}
        {!isFile && <OpenRun />}
        <ThemeButton />
      </div>
    </header>
  )
}

/** Another service is another page: nothing that is shown belongs to both. */
function ChooseService({ service: { name, services } }: { readonly service: ServiceView }) {
  return (
    <select
      class="input choose-service"
      aria-label="Service"
      value={name}
      onChange={(event) => location.assign(`/?service=${encodeURIComponent(event.currentTarget.value)}#/`)}
    >
      {services.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  )
}

/** Three steps of a flow, the last of which is being taken. */
function Mark() {
  return (
    <svg class="mark" width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
      <path d="M5 11h4M13 7.5l-4 3.5 4 3.5" fill="none" stroke="currentColor" stroke-width="1.6" />
      <circle cx="4.5" cy="11" r="2.6" fill="currentColor" />
      <circle cx="15.5" cy="6.5" r="2.6" fill="currentColor" />
      <circle class="mark-last" cx="15.5" cy="15.5" r="2.6" />
    </svg>
  )
}

const WAYS: readonly {
  readonly to: Route
  readonly text: string
  readonly of: readonly Route['screen'][]
}[] = [
  { to: { screen: 'runs', query: {} }, text: 'Runs', of: ['runs', 'run'] },
  { to: { screen: 'failures', query: {} }, text: 'Failures', of: ['failures'] },
  { to: { screen: 'blueprints' }, text: 'Blueprints', of: ['blueprints', 'blueprint', 'start'] },
  { to: { screen: 'deadLetters' }, text: 'Dead letters', of: ['deadLetters'] },
]

function Ways() {
  const { screen } = route.value
  return (
    <nav class="ways" aria-label="Screens">
      {WAYS.map(({ to, text, of }) => (
        <a key={text} href={href(to)} aria-current={of.includes(screen) ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  )
}

function OpenRun() {
  return (
    <form
      class="open-run"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        const input = event.currentTarget.elements.namedItem('run')
        if (!(input instanceof HTMLInputElement) || !input.value.trim()) return
        location.hash = runHref(input.value.trim())
        input.value = ''
      }}
    >
      <Icon name="search" />
      <input
        name="run"
        class="input"
        type="search"
        aria-label="Open a run by its id"
        placeholder="Open a run by id"
        autocomplete="off"
        spellcheck={false}
      />
    </form>
  )
}

const THEMES: Readonly<Record<Theme, { readonly icon: IconName; readonly text: string }>> = {
  system: { icon: 'system', text: 'Theme of the system' },
  light: { icon: 'sun', text: 'Light theme' },
  dark: { icon: 'moon', text: 'Dark theme' },
}

function ThemeButton() {
  const { icon, text } = THEMES[theme.value]
  const next = nextTheme(theme.value)
  return (
    <IconButton
      icon={icon}
      label={`${text}; switch to: ${THEMES[next].text.toLowerCase()}`}
      onClick={() => setTheme(next)}
    />
  )
}
