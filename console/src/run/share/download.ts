/** Gives a text to whoever looks, as a file. */
export function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = fileName(name)
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Without what file systems do not take. */
function fileName(name: string): string {
  return name.replaceAll(/[^\w.@-]+/g, '-')
}
