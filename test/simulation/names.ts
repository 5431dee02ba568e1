/** The run that a simulated world is about; its children have ids of their own. */
export const RUN_ID = 'r'
/** What errors begin with that nobody expects. */
export const BUG = 'cannot read property'

/** What the run is found by, where it is started with labels. */
export const LABELS_OF_RUN = { orderId: 'A-17', tenant: 'acme' }
