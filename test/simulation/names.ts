/** The run that a simulated world is about; its children have ids of their own. */
export const RUN_ID = 'r'
