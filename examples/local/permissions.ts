import type { LocalAws } from 'flowcraft-aws/local'

/** Permissions that nothing needed so far, as `Shop-MailerRole: sqs:SendMessage on arn:aws:sqs:...`. */
export function idlePermissions(aws: LocalAws): string[] {
  const idle = aws.permissions.uses().filter(({ needed }) => needed === 0)
  return idle.map(({ role, action, resource }) => `${role}: ${action} on ${resource}`)
}
