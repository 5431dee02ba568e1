/**
 * How large things may be, in bytes: what AWS allows, and how the parts of a run share it. Constants only.
 *
 * The header of a run shares one item of 400 KB: up to 260 KB for 5,000 active nodes (`NODES_AT_MOST`), up to 130 KB
 * for what one commit adds.
 */
const KB = 1024

/** What AWS allows. Each with its page of documentation. */

/** DynamoDB: an item, names of attributes included (docs: "Constraints in Amazon DynamoDB", item size). */
export const DYNAMODB_ITEM_BYTES = 400 * KB
/** DynamoDB: the value of a partition key is at most 2,048 bytes; some room is left for what we put before it. */
export const PARTITION_KEY_BYTES = 2_000
/** DynamoDB: the name of an attribute is at most 64 KB; the header puts a character or two before a context key. */
export const CONTEXT_KEY_BYTES = 60_000
/**
 * Joins that one commit may name: an expression has 4 KB at most (docs: "Quotas in Amazon DynamoDB", expression strings), each join
 * takes 8 bytes of it, and completed nodes, counts and all else up to 700.
 */
export const JOINS_AT_MOST = 400
/** SQS: a message, its attributes included (docs: "Amazon SQS message quotas"). */
export const SQS_MESSAGE_BYTES = 1024 * KB

/** What a value is stored in, from the smallest to the largest. */

/** A text up to this stands in the header itself. */
export const INLINE_VALUE_BYTES = 256
/** Inline values of one activation together; the others are stored on their own. */
export const INLINE_VALUES_BYTES = 48 * KB
/** Shorter texts are not worth the compression. */
export const COMPRESS_FROM_BYTES = KB
/** A value up to this lies in its bundle itself. */
export const BUNDLED_VALUE_BYTES = 4 * KB
/** A bucket of a bundle is about this large before it is compressed. */
export const BUNDLE_BUCKET_BYTES = 16 * KB
/** A page of a batch's inputs is about this large: one read unit. */
export const BATCH_PAGE_BYTES = 4 * KB
/** The output in an event, and the result of an item; a larger one is a value of its own. */
export const EMBEDDED_VALUE_BYTES = 100 * KB
/** A compressed value up to this is one item; its keys and names have the rest of the 400 KB. */
export const VALUE_ITEM_BYTES = 380 * KB
/**
 * A text up to this is stored, and inflated: few bytes can be made to inflate to what no process holds. A string of
 * Node has 512 MiB at most, and a function needs a multiple of a value's text to work on it.
 */
export const VALUE_TEXT_BYTES = 256 * KB * KB

/** How full a header may get. */

/** A commit costs one write unit for each KB of the header; some room is left for what the next commit adds. */
export const HEADER_FULL_BYTES = 1_000
/** From here on each commit moves values out, whosever turn it is. */
export const HEADER_CROWDED_BYTES = 50_000
/** Before a commit that would pass this, values are moved out by writes of their own. */
export const HEADER_AT_MOST_BYTES = 350_000
/** Names, inline values and pointers that one commit may add. */
export const COMMIT_BYTES = 130 * KB
/** The reason of a message in the dead-letter queue. */
export const DEAD_LETTER_REASON_BYTES = 1_000
