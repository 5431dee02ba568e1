/** Values that are gone: an object that somebody deleted, an item, bytes that are no value any more. */
import { isFlowcraftAwsError, messageOf } from '../common/errors.ts'
import { propertyOf } from '../common/thrown.ts'

/** A value of a run that cannot be read any more. */
export interface LostValue {
  /** The context's key. */
  readonly key: string
  readonly reason: string
}

/** What `read` gives; undefined where that is lost and `lost`, which is told then, is given. */
export async function unlessLost<T>(
  key: string,
  lost: LostValue[] | undefined,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!lost || !isLost(error)) throw error
    lost.push({ key, reason: messageOf(error) })
    return undefined
  }
}

/** S3 says AccessDenied of an object that is gone to whoever may not list the bucket (s3:ListBucket). */
function isLost(error: unknown): boolean {
  if (isFlowcraftAwsError(error, 'VALUE_LOST')) return true
  return propertyOf(propertyOf(error, 'cause'), 'name') === 'AccessDenied'
}
