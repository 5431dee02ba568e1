/** Stands in for a feed of advisories: call yours here. */
import type { Package } from './flows.js'

/** What is known against a version of a package, a text for each. */
export type FindAdvisories = (one: Package) => Promise<string[]>

/** Releases that were published with malware in them: a true list, though a short one. */
const COMPROMISED: Readonly<Record<string, string>> = {
  'event-stream@3.3.6': 'steals wallets (November 2018)',
  'ua-parser-js@0.7.29': 'mines, and steals passwords (October 2021)',
  'node-ipc@10.1.1': 'overwrites files (March 2022)',
  'debug@4.4.2': 'steals wallets (September 2025)',
}

export const findAdvisories: FindAdvisories = async ({ name, version }) => {
  const known = COMPROMISED[`${name}@${version}`]
  return known === undefined ? [] : [known]
}
