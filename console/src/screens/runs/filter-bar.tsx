import { useState } from 'preact/hooks'
import { knownBlueprints } from '../../known-blueprints.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { SelectField, TextField, type Option } from '../../ui/field.tsx'
import { Icon } from '../../ui/icons.tsx'
import { isNarrow } from '../../ui/narrow.ts'
import { stateIcon, stateText } from '../../ui/status-chip.tsx'
import { countFilters, isAge, STATUSES, type RunFilters } from './filters.ts'

export interface FilterBarProps {
  readonly filters: RunFilters
  readonly onChange: (filters: RunFilters) => void
}

export function FilterBar({ filters, onChange }: FilterBarProps) {
  const [isOpen, setOpen] = useState(false)
  const count = countFilters(filters)
  return (
    <div class="filters">
      {isNarrow.value && (
        <Button icon="filter" isExpanded={isOpen} controls="filters" onClick={() => setOpen(!isOpen)}>
          {count > 0 ? `Filters (${count})` : 'Filters'}
        </Button>
      )}
      {(!isNarrow.value || isOpen) && (
        <div id="filters" class="filter-controls" role="group" aria-label="Filters">
          <Statuses filters={filters} onChange={onChange} />
          <BlueprintSelect
            value={filters.blueprint}
            onChange={(blueprint) => onChange({ ...filters, blueprint })}
          />
          <Times filters={filters} onChange={onChange} />
          <LabelInput filters={filters} onChange={onChange} />
        </div>
      )}
      <Chosen filters={filters} onChange={onChange} />
    </div>
  )
}

function Statuses({ filters, onChange }: FilterBarProps) {
  const { status } = filters
  return (
    <div class="status-filter" role="group" aria-label="Status">
      {STATUSES.map((one) => {
        const isOn = status.includes(one)
        const next = isOn ? status.filter((other) => other !== one) : [...status, one]
        return (
          <button
            key={one}
            type="button"
            class="status-toggle"
            data-state={one}
            aria-pressed={isOn}
            onClick={() => onChange({ ...filters, status: next })}
          >
            <Icon name={stateIcon(one)} size={12} />
            {stateText(one)}
          </button>
        )
      })}
    </div>
  )
}

export function BlueprintSelect({
  value,
  onChange,
}: {
  readonly value: string | undefined
  readonly onChange: (blueprint: string | undefined) => void
}) {
  const known = knownBlueprints().value
  const ids = value !== undefined && !known.includes(value) ? [value, ...known] : known
  const options = [{ value: '', text: 'All blueprints' }, ...ids.map((id) => ({ value: id, text: id }))]
  return (
    <SelectField
      label="Blueprint"
      isLabelHidden
      value={value ?? ''}
      onInput={(id) => onChange(id || undefined)}
      options={options}
    />
  )
}

const TIMES: readonly Option[] = [
  { value: '', text: 'Any time' },
  { value: '1h', text: 'Last hour' },
  { value: '24h', text: 'Last 24 hours' },
  { value: '7d', text: 'Last 7 days' },
  { value: '30d', text: 'Last 30 days' },
  { value: 'custom', text: 'From … until …' },
]

function Times({ filters, onChange }: FilterBarProps) {
  const { since, until } = filters
  const [isCustom, setCustom] = useState(until !== undefined || (since !== undefined && !isAge(since)))
  const choose = (value: string) => {
    setCustom(value === 'custom')
    if (value !== 'custom') onChange({ ...filters, since: value || undefined, until: undefined })
  }
  return (
    <>
      <SelectField
        label="Started"
        isLabelHidden
        value={isCustom ? 'custom' : (since ?? '')}
        onInput={choose}
        options={TIMES}
      />
      {isCustom && (
        <>
          <TimeField
            label="Started from"
            value={isAge(since) ? undefined : since}
            onChange={(since) => onChange({ ...filters, since })}
          />
          <TimeField
            label="Started until"
            value={until}
            onChange={(until) => onChange({ ...filters, until })}
          />
        </>
      )}
    </>
  )
}

function TimeField({
  label,
  value,
  onChange,
}: {
  readonly label: string
  readonly value: string | undefined
  readonly onChange: (value: string | undefined) => void
}) {
  return (
    <TextField
      label={label}
      isLabelHidden
      type="datetime-local"
      value={localTime(value)}
      onInput={(text) => onChange(text ? new Date(text).toISOString() : undefined)}
    />
  )
}

/** As a control of the browser has it: in the reader's time zone, to the minute. */
function localTime(at: string | undefined): string {
  if (at === undefined) return ''
  const date = new Date(at)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function LabelInput({ filters, onChange }: FilterBarProps) {
  const [text, setText] = useState('')
  const [error, setError] = useState<string>()
  const add = (event: SubmitEvent) => {
    event.preventDefault()
    const label = text.trim()
    if (label === '') return
    if (label.indexOf('=') < 1) {
      setError('name=value, such as tenant=acme')
      return
    }
    setText('')
    onChange({ ...filters, labels: [...new Set([...filters.labels, label])] })
  }
  return (
    <form class="label-filter" onSubmit={add}>
      <TextField
        label="Label, as name=value; Enter adds it"
        isLabelHidden
        placeholder="label=value"
        isMono
        value={text}
        error={error}
        onInput={(value) => {
          setText(value)
          setError(undefined)
        }}
      />
    </form>
  )
}

/** What has no control of its own that shows it. */
function Chosen({ filters, onChange }: FilterBarProps) {
  const { labels, parent, forkedFrom } = filters
  const chosen = [
    ...labels.map((label) => ({
      text: label,
      without: { ...filters, labels: labels.filter((other) => other !== label) },
    })),
    ...(parent === undefined
      ? []
      : [{ text: `children of ${parent}`, without: { ...filters, parent: undefined } }]),
    ...(forkedFrom === undefined
      ? []
      : [{ text: `forks of ${forkedFrom}`, without: { ...filters, forkedFrom: undefined } }]),
  ]
  if (chosen.length === 0) return null
  return (
    <ul class="chosen" aria-label="Filtered by">
      {chosen.map(({ text, without }) => (
        <li key={text} class="tag">
          {text}
          <IconButton icon="cross" label={`Without ${text}`} onClick={() => onChange(without)} />
        </li>
      ))}
    </ul>
  )
}
