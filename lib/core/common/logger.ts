/** Loggers: JSON lines for functions, by Powertools; only what a person must see for programs with a console. */
import { Logger } from '@aws-lambda-powertools/logger'
import type { ILogger } from 'flowcraft'
import { messageOf } from './errors.ts'

/**
 * One JSON object a line, with the service name and what the caller adds (`runId`, `nodeId`, ...). The level comes
 * from POWERTOOLS_LOG_LEVEL, or the function's own log level; INFO without them.
 */
export function jsonLogger(): ILogger {
  const logger = new Logger({ serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'flowcraft' })
  return {
    debug: (message, meta) => logger.debug(message, meta ?? {}),
    info: (message, meta) => logger.info(message, meta ?? {}),
    warn: (message, meta) => logger.warn(message, meta ?? {}),
    error: (message, meta) => logger.error(message, meta ?? {}),
  }
}

/** Warnings and errors to the console, nothing else. */
export const consoleLogger: ILogger = {
  debug: () => {},
  info: () => {},
  warn: (message, meta) => console.warn(message, meta ?? ''),
  error: (message, meta) => console.error(message, meta ?? ''),
}

/** A logger that fails is the logger's trouble: its lines go to the console, and no node and no run fails by it. */
export function guardedLogger(logger: ILogger): ILogger {
  const guarded =
    (level: keyof ILogger): ILogger[keyof ILogger] =>
    (message, meta) => {
      try {
        logger[level](message, meta)
      } catch (error) {
        console.error(`the logger failed: ${messageOf(error)}; it was to say (${level}): ${message}`)
      }
    }
  return {
    debug: guarded('debug'),
    info: guarded('info'),
    warn: guarded('warn'),
    error: guarded('error'),
  }
}

/** Each cold process would begin with it, and it says nothing. */
const GREETING = '[Adapter] BaseDistributedAdapter initialized.'

/** A logger that the engine's adapter does not greet. */
export function withoutGreeting(logger: ILogger): ILogger {
  return {
    ...logger,
    info: (message, meta) => {
      if (message !== GREETING) logger.info(message, meta)
    },
  }
}
