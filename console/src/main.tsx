import { render } from 'preact'

render(<h1>Flowcraft console</h1>, document.getElementById('app') as HTMLElement)
