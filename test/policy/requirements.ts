/** A requirement of the deployment policy, where it is described, and the tests that show it. */
export interface Requirement {
  readonly number: string
  readonly says: string
  readonly page: string
  /** Files from the project's folder, with the titles of their tests. */
  readonly tests: Readonly<Record<string, readonly string[]>>
}

export const requirements: readonly Requirement[] = [
  {
    number: 'P1',
    says: '`{ enabled, rollout, environments }` defines a flag, `isEnabled` asks it',
    page: 'docs/flags.md',
    tests: {
      'test/policy-snippet.test.ts': ['shows the new profile to 25 %% in %s'],
      'test/core-laws.test.ts': ['serves the share that was asked'],
    },
  },
  {
    number: 'P2',
    says: 'new flags are off, at 0 %; off where not listed',
    page: 'docs/flags.md',
    tests: {
      'packages/core/src/flag-set.test.ts': ['serves nobody while it has no rollout'],
      'test/policy-snippet.test.ts': ['shows it to nobody in %s'],
    },
  },
  {
    number: 'P3',
    says: 'the life of a flag, and at which point it is',
    page: 'docs/lifecycle.md',
    tests: {
      'packages/rollout/src/lifecycle/lifecycle.test.ts': [
        'goes from created to staging, production, released and due for removal',
      ],
      'packages/sdk/src/lifecycle.test.ts': [
        'says of each flag at which point it is, from definitions and log',
      ],
    },
  },
  {
    number: 'P4',
    says: 'flags that should be gone are reported; debt is measured',
    page: 'docs/lifecycle.md',
    tests: {
      'packages/rollout/src/stale/flag-debt.test.ts': [
        'lists what is released too long, expired and left behind, the longest first',
        'is reported when it was counted for long enough',
      ],
      'packages/rollout/src/stale/find-stale.test.ts': ['is told by file, line and column'],
    },
  },
  {
    number: 'P5',
    says: 'a kill switch, quickly, in every process',
    page: 'docs/runbook.md',
    tests: {
      'packages/stores/src/flag-commands.test.ts': [
        'reaches another client with its next look',
        'end with the flag off where one of them pulled the kill switch',
        'works on a flag that could not say what to serve',
      ],
      'test/cli/runbook.test.ts': ['shows what an engineer sees who types it'],
    },
  },
  {
    number: 'P6',
    says: 'A/B tests: variants by weight, sticky, exposures recorded',
    page: 'docs/flags.md',
    tests: {
      'test/core-laws.test.ts': [
        'moves only the difference when neighbours in a split trade weight',
        'adds users only when a percentage rises, and gives the same ones back when it returns',
      ],
      'packages/sdk/src/asked-flags.test.ts': [
        'tells the log once an hour, flag by flag, with the variants',
      ],
      'packages/sdk/src/open-flags.test.ts': [
        'runs the branch the flag chooses, once, and counts it for its arm',
      ],
    },
  },
  {
    number: 'P7',
    says: 'environments in order, each with its own state, configurable',
    page: 'docs/promotion.md',
    tests: {
      'packages/rollout/src/promotion/promotion.test.ts': [
        'does not let a change go from %s to %s',
        'takes its names from the policy, and refuses others',
      ],
      'packages/stores/src/open-flags-log.test.ts': ['holds in its own environment only'],
      'packages/rollout/src/policy/define-policy.test.ts': ['knows a team by its own environments'],
    },
  },
  {
    number: 'P8',
    says: 'stages; the first in production is 1 to 5 %',
    page: 'docs/rollouts.md',
    tests: {
      'packages/rollout/src/plan/plan.test.ts': [
        'refuses a first stage above 5 percent in %s',
        'refuses less than the least of the policy, and what is more than its most',
      ],
      'packages/rollout/src/promotion/promotion.test.ts': [
        'starts staging with a plan that ends with the soak, and asks for nothing there',
      ],
      'packages/rollout/src/controller/controller-commands.test.ts': [
        'refuses a plan that is too bold for production, and writes nothing',
      ],
    },
  },
  {
    number: 'P9',
    says: 'production asks for a day of health, smoke tests, approvals, a rollback plan, a runbook',
    page: 'docs/promotion.md',
    tests: {
      'packages/rollout/src/promotion/promotion.test.ts': [
        'is refused with the whole list of what is missing, and started once all of it is met',
      ],
      'packages/rollout/src/promotion/soak.test.ts': ['outlives the process that watched it'],
      'packages/rollout/src/promotion/attest-and-check.test.ts': [
        'wants a link for the rollback plan and the runbook, and a known name',
      ],
      'packages/rollout/src/controller/controller-observed.test.ts': [
        'outlives every process that observed it: a soak survives deployments',
      ],
    },
  },
  {
    number: 'P10',
    says: 'approvers and notice by type of change',
    page: 'docs/approvals.md',
    tests: {
      'packages/rollout/src/approvals/approvals.test.ts': [
        'takes one on-call engineer for a hotfix, at once',
        'takes a team lead and four hours for a minor change',
        'takes two people for the two roles of a major change, and a day',
        'takes everyone but the one who asks, and two days, for a breaking change',
      ],
    },
  },
  {
    number: 'P11',
    says: 'nobody approves their own; bound to what was asked',
    page: 'docs/approvals.md',
    tests: {
      'packages/rollout/src/approvals/approvals.test.ts': [
        'refuses an answer to something else than what the person saw',
      ],
      'packages/rollout/src/approvals/approvals-bound.test.ts': [
        'is void for an edit of it, and says what was edited',
        'does not hold in another environment, and says so',
        'is used up by the commit that does what was approved, and not twice',
      ],
      'packages/rollout/src/approvals/approval-transition.test.ts': [
        'is approved only by other people than the requester, one for each role, and nobody against',
      ],
    },
  },
  {
    number: 'P12',
    says: 'nothing goes up in production without approval; going down needs none',
    page: 'docs/approvals.md',
    tests: {
      'packages/rollout/src/approvals/needs-approval.property.test.ts': [
        'never lets more subjects have something new without one, whatever the definition says',
        'never asks for one where everything goes down, or stays',
      ],
      'packages/rollout/src/controller/controller-approvals.test.ts': [
        'waits, exposes nobody, and begins by the commit that uses the approval up',
      ],
      'packages/rollout/src/blue-green/blue-green-approvals.test.ts': [
        'lets no other version through, also where the approved one never used it',
      ],
      'packages/rollout/src/rolling/rolling-approvals.test.ts': [
        'touches no instance before it is approved, and goes on when it is',
      ],
      'packages/rollout/src/approvals/guard-flag-commands.test.ts': [
        'asks for approval to go up, and goes up once it has it',
        'never waits to go down, or to switch off',
      ],
    },
  },
  {
    number: 'P13',
    says: 'canary: 5, 25, 50, 100 with an hour each; back to 0 on trouble',
    page: 'docs/rollouts.md',
    tests: {
      'packages/rollout/src/plan/plan.test.ts': [
        'goes 5, 25, 50, 100 with an hour each and ten minutes after the last',
        'takes every number that is not named from the policy',
      ],
      'packages/rollout/src/controller/controller.test.ts': [
        'goes through the plan, and the log tells the story',
        'goes back at once when a guard says so, and waits until the canary is quiet',
      ],
      'test/examples/canary-with-approval.test.ts': [
        'starts by itself when it is approved by the right person, and ends fully rolled out',
      ],
    },
  },
  {
    number: 'P14',
    says: 'blue-green: deploy, smoke tests, switch, monitor 10 min, decommission or switch back',
    page: 'docs/blue-green.md',
    tests: {
      'packages/rollout/src/blue-green/blue-green.test.ts': [
        'deploys, tries, warms up, switches, monitors and takes the old arm down',
        'sends a version back that fails its smoke test, before it had any traffic',
        'switches back by itself when a guard fails, and takes the new arm down when it is quiet',
        'switches back by hand, traffic first',
      ],
      'packages/rollout/src/blue-green/plan.test.ts': [
        'gives the new arm all but the holdback for 10 minutes, and then everything',
      ],
    },
  },
  {
    number: 'P15',
    says: 'rolling: one instance, health check, the rest; a failing one stops it and the done ones go back',
    page: 'docs/rolling.md',
    tests: {
      'packages/rollout/src/rolling/rolling.test.ts': [
        'takes one instance out, deploys, checks and puts it back, and then the next',
        'updates the others in batches, never more out at once than it may',
        'stops at an instance that does not become healthy, and the done ones go back, newest first',
      ],
    },
  },
  {
    number: 'P16',
    says: 'no request is dropped by a change of split; those under way finish on their arm',
    page: 'docs/traffic.md',
    tests: {
      'test/traffic/router-contract.ts': [
        'lets what is under way finish on the arm it began on',
        'drops no request while the weights change',
      ],
      'test/traffic/changes.test.ts': [
        'all succeed, in the share asked for at each stage, though origins die and come back',
      ],
      'test/traffic/haproxy.test.ts': ['lets a request under way end on its arm'],
    },
  },
  {
    number: 'P17',
    says: 'verification: + 10 % errors, + 20 % time, normal CPU and memory, no database or 5xx errors',
    page: 'docs/guards.md',
    tests: {
      'packages/rollout/src/evidence/policy-guards.test.ts': [
        'carry the policy’s numbers: verification (P17) and rollback (P18)',
        'carry the policy’s alerts (P19) and smoke tests (P21)',
        'take every number from the policy they are given',
      ],
      // A 5xx is an error; a 404 is none.
      'test/wiring/frameworks.test.ts': ['counts %s: /%s'],
      'packages/rollout/src/controller/controller-observed.test.ts': [
        'are watched to their end before the rollout is complete',
        'roll back what fails in the tenth minute',
      ],
    },
  },
  {
    number: 'P18',
    says: 'rolls back at + 50 % errors, + 100 % time, or a declaration',
    page: 'docs/guards.md',
    tests: {
      'packages/rollout/src/evidence/policy-guards.test.ts': [
        'carry the policy’s numbers: verification (P17) and rollback (P18)',
      ],
      'packages/rollout/src/controller/guarded.test.ts': [
        'rolls a bad canary back within seconds, and sees it become quiet',
      ],
      'packages/rollout/src/controller/declare.test.ts': [
        'by a person rolls back at once, and the log says which',
        'by code rolls back with the next look',
      ],
    },
  },
  {
    number: 'P19',
    says: 'critical and warning alerts',
    page: 'docs/guards/alerts.md',
    tests: {
      'packages/rollout/src/evidence/policy-guards.test.ts': [
        'carry the policy’s alerts (P19) and smoke tests (P21)',
      ],
      'packages/rollout/src/alerts/create-alerts.test.ts': [
        'tell of what a guard finds, and of its end, to every sink and listener',
        'follow the severity of the guard, and of the application before it',
      ],
    },
  },
  {
    number: 'P20',
    says: 'metrics of the application, the system and the business',
    page: 'docs/guards/recorder.md',
    tests: {
      'packages/guards/src/health-recorder.test.ts': [
        'counts requests, errors and latencies per arm',
        'counts events and their values by name and arm',
      ],
      'packages/guards/src/latency-histogram.test.ts': ['is within a bucket of the exact quantile'],
      'packages/guards/src/probes/system-gauges.test.ts': [
        'read the share of the processors in use since the read before',
        'read memory of the machine, or of the process’s limit, where old files are given back',
        'read bytes of disks a second, each byte once',
        'read bytes of networks a second; one that is new, or counts anew, adds none',
      ],
    },
  },
  {
    number: 'P21',
    says: 'smoke tests',
    page: 'docs/guards/gauges-and-checks.md',
    tests: {
      'packages/guards/src/probes/ask-url.test.ts': [
        'passes on its status and on no other, and follows no redirect',
      ],
      'packages/rollout/src/evidence/policy-guards.test.ts': [
        'carry the policy’s alerts (P19) and smoke tests (P21)',
      ],
      'packages/rollout/src/deployment/deployment-asked.test.ts': [
        'is refused with %s, and nothing is written',
      ],
      'packages/rollout/src/deployment/create-deployment.test.ts': [
        'goes through every step in order, once',
      ],
      'packages/rollout/src/controller/declare.test.ts': [
        'that fails is acted on while the metric source is down',
      ],
      'packages/rollout/src/blue-green/blue-green.test.ts': [
        'sends a version back that fails its smoke test, before it had any traffic',
      ],
    },
  },
  {
    number: 'P22',
    says: 'every deployment has a rollback plan, tried in staging',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/deployment-asked.test.ts': [
        'is refused with %s, and nothing is written',
        'is less in development, and whatever the policy says',
      ],
    },
  },
  {
    number: 'P23',
    says: 'the rollback timeline, measured, with an alert on overrun',
    page: 'docs/rollouts.md',
    tests: {
      'packages/rollout/src/transition/rollback-timeline.test.ts': [
        'says how long each part took, beside what the policy allows',
        'is measured for a rollback by hand too, from the moment it was said',
        'has its limits from the policy',
      ],
      'packages/rollout/src/reports/rollback-report.test.ts': [
        'lists each rollback once, with its timeline, whoever decided',
        'names each limit that was not kept',
      ],
      'packages/rollout/src/alerts/create-alerts.test.ts': [
        'tell that the rollout went back, once, whoever asks later',
      ],
      'packages/rollout/src/deployment/deployment-back.test.ts': [
        'tells each limit of the rollback that is not kept, once, while it lasts',
      ],
    },
  },
  {
    number: 'P24',
    says: 'after a rollback: a tracked checklist',
    page: 'docs/approvals.md',
    tests: {
      'packages/rollout/src/checklist/open-after-rollback.test.ts': [
        'opens the list of the policy once, and ticks the announcement that was sent',
        'opens it for a rollback that ended while nobody listened',
      ],
    },
  },
  {
    number: 'P25',
    says: 'checks before a deployment, run or attested',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/deployment-asked.test.ts': [
        'names every check that nobody made',
        'takes a function for a check, and writes down who, when and where of the others',
        'ends where a check fails, with all that failed, before anything was done',
      ],
    },
  },
  {
    number: 'P26',
    says: 'migrations up, down, up in staging; backup; down or restore',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/deployment-database.test.ts': [
        'goes up, down and up again in staging',
        'is saved before the migration, and goes down where a later step fails',
        'is restored from the backup where the migration cannot be reversed',
      ],
      'test/examples/deployment-postgres.test.ts': [
        'goes back by the migration, by the backup where there is no way down, and leaves the database as it was',
      ],
    },
  },
  {
    number: 'P27',
    says: 'checklists before, during and after, with who ticked what and when',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/checklist/checklists.test.ts': [
        'says who ticked what and when, what is open, and what is overdue',
        'are those of the policy, before, during and after',
      ],
      'packages/rollout/src/deployment/create-deployment.test.ts': [
        'are ticked by the steps that prove an item, and left to people otherwise',
      ],
    },
  },
  {
    number: 'P28',
    says: 'announcements to chat, status page and log',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/announcements.test.ts': [
        "are in the policy's form",
        'tell the start, and when it goes back why',
        'go into a log at the level of their status',
        'is sent the text once, with its key, and mentions nobody',
      ],
    },
  },
  {
    number: 'P29',
    says: 'the hotfix’s clock',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/deployment-hotfix.test.ts': [
        'has a clock over its phases, each beside its limit, and a post-mortem that is due',
        'tells each overrun once, while it lasts',
      ],
    },
  },
  {
    number: 'P30',
    says: 'triggers: push to development and staging, by hand to production',
    page: 'docs/deployments/ci.md',
    tests: {
      'packages/rollout/src/deployment/triggers.test.ts': [
        'to %s, by %s of %s: %s',
        'is the policy’s to say, by branch',
        'of GitHub says version, branch, who, where and what set it off',
      ],
    },
  },
  {
    number: 'P31',
    says: 'running the same deployment again changes nothing',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/create-deployment.test.ts': [
        'run again changes nothing: neither outside nor in the log',
      ],
      'packages/rollout/src/blue-green/blue-green.test.ts': [
        'changes nothing when the same version is started again, under way or live',
      ],
      'packages/rollout/src/rolling/rolling.test.ts': [
        'changes nothing when the same version is started again, under way or everywhere',
      ],
    },
  },
  {
    number: 'P32',
    says: 'the deployment event as JSON',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/deployment-records.test.ts': [
        'has exactly the fields of the policy, at info where it succeeded',
      ],
    },
  },
  {
    number: 'P33',
    says: 'levels of the log',
    page: 'docs/deployments.md',
    tests: {
      'packages/rollout/src/deployment/deployment-records.test.ts': [
        'of one that went back is a warning, and its failure an error',
        'comes beside a line for each step at debug, and a warning for each further try',
        'may be pino',
        'may be console',
      ],
    },
  },
  {
    number: 'P34',
    says: 'the audit: who, what, when, where, why, outcome',
    page: 'docs/reports.md',
    tests: {
      'packages/rollout/src/reports/query-audit.test.ts': [
        'answers who did what, when, where, why, and what came of it',
      ],
      'packages/rollout/src/reports/export-audit.test.ts': [
        'writes a line of JSON for each row, as it is',
        'writes CSV by RFC 4180',
      ],
    },
  },
  {
    number: 'P35',
    says: 'retention: 90 days, 1 year, 3 years',
    page: 'docs/stores.md',
    tests: {
      'test/recovery.test.ts': [
        'keeps standard commits 90 days, production a year, compliance three years',
      ],
      'packages/stores/src/retention.test.ts': [
        'keeps ninety days in the log and each class its own time in the archive',
        'keeps everything for three years where a trade asks for it',
      ],
    },
  },
  {
    number: 'P36',
    says: 'DORA metrics beside the elite targets',
    page: 'docs/reports.md',
    tests: {
      'packages/rollout/src/reports/dora-report.test.ts': [
        'counts a day of an elite team',
        'gives the median and the 90th percentile of the lead time, and does not guess commits',
        'counts failures and rollbacks, and the time until all was well again',
      ],
    },
  },
  {
    number: 'P37',
    says: 'recovery: restore from a backup, within 1 h, losing at most 15 min',
    page: 'docs/stores.md',
    tests: {
      'test/recovery.test.ts': [
        'is over within the recovery time, with no more lost than the recovery point allows',
        'refuses a damaged backup, and takes the one before',
      ],
      'packages/stores/src/backup.test.ts': [
        'restores into an empty store, which then is the same log',
      ],
    },
  },
]
