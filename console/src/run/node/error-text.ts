import type { ErrorView } from '../../../../lib/console/views.ts'

/** An error with its causes, as a runtime prints one. */
export function errorText({ name, message, stack, cause, item }: ErrorView): string {
  const head = `${item === undefined ? '' : `item ${item}: `}${name === undefined ? '' : `${name}: `}${message}`
  const lines = stack?.includes(message) ? stack : [head, stack].filter(Boolean).join('\n')
  return cause ? `${lines}\ncaused by ${errorText(cause)}` : lines
}
