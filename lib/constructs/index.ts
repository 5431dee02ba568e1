/** The package's `./constructs` entry: the only part that knows the CDK. Never imported by what runs in Lambda. */
export { StateTable, type StateTableProps } from './state-table.ts'
