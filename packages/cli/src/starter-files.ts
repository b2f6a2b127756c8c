/** The configuration that `sluice init` writes. */
export const configText = `import { defineConfig } from '@sluice/cli'

// What sluice on the command line reads. The application opens the same log and the same file:
// openFlags({ store: createFileStore({ directory: './.sluice/log' }), definitionsFrom: './flags.yaml' })
export default defineConfig({
  // The log: every change, who made it, and why. A folder serves one machine; for more name
  // 'redis://…', 'postgres://…', 'nats://…' or 'https://…' (docs/stores.md).
  store: 'file:./.sluice/log',

  // The flags there are. 'sluice apply flags.yaml' takes them into the log instead, for all processes.
  definitions: './flags.yaml',

  // Where a command works unless --env or SLUICE_ENVIRONMENT says otherwise.
  environment: 'development',

  // Who may approve what goes up in production. Without it, nobody is asked.
  // directory: { 'ann@example.com': ['team_lead'], 'olga@example.com': ['on_call'] },
})
`

/** The definitions that `sluice init` writes. */
export const flagsText = `# yaml-language-server: $schema=./node_modules/@sluice/sdk/flags.schema.json
# Flags by key. Every flag is off until someone turns it on: sluice enable newCheckout --reason "…"
version: 1
flags:
  newCheckout:
    description: The checkout on one page
    owner: payments
    kind: release # release, experiment, operational or permission
    environments: [development, staging, production]
    enabled: false
    # The share of users inside, once it is on: sluice set newCheckout 25 --reason "…"
    rollout: 100
`
