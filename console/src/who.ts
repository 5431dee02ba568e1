/** As whom somebody acts: what was typed last stands in the next dialog, too, while the page is open. */
import { service } from './service.ts'

let typed: string | undefined

export const actsAs = (): string => typed ?? service.value?.by ?? ''

export function rememberWho(by: string): void {
  typed = by
}
