// Loads what a project may or may not have installed. No other file here imports an optional peer.

import { localError, messageOf } from '../errors.ts'

/**
 * Imports a package that is an optional peer. It goes by `name` as a variable, so that neither TypeScript nor a
 * bundler demands that it be there.
 */
export async function importOptional<T>(name: string, purpose: string, install: string): Promise<T> {
  try {
    return (await import(/* @vite-ignore */ name)) as T
  } catch (error) {
    const missing = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND'
    const reason = missing ? 'is not installed' : `cannot be loaded (${messageOf(error)})`
    throw localError(
      `${purpose} needs the package ${name}, which ${reason}. Run: npm install -D ${install}`,
      {
        cause: error,
      },
    )
  }
}
