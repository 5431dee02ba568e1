/** The run that a simulated world is about; its children have ids of their own. */
export const RUN_ID = 'r'
/** What errors begin with that nobody expects. */
export const BUG = 'cannot read property'
