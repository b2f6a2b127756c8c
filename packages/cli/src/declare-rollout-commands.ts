import type { Command } from 'commander'
import type { Lazily } from './lazily.ts'
import { withNote } from './with-note.ts'

/** Declares what moves exposure over time, and who may say yes to it. */
export function declareRolloutCommands(program: Command, lazily: Lazily): void {
  declareRollouts(program, lazily)
  declareApprovals(program, lazily)
  declareForesight(program, lazily)
  program
    .command('deployments')
    .description('lists deployments and other procedures, and how far each has come')
    .action(lazily(async () => (await import('./commands/deployments.ts')).listDeployments))
}

function declareRollouts(program: Command, lazily: Lazily): void {
  const rollout = program
    .command('rollout')
    .description('guarded rollouts: start, watch, stop, go back')

  withTerms(
    rollout
      .command('start <flag>')
      .description('starts a rollout, which the controllers of the services then carry')
      .option('--in-code', 'the flag is defined in the code of the services alone'),
  ).action(lazily(async () => (await import('./commands/rollout-start.ts')).startRollout))

  rollout
    .command('watch [flag]')
    .description('shows a rollout as it goes, until it is over')
    .option('--exit-status', 'ends with 1 where it went back or was given up')
    .action(lazily(async () => (await import('./commands/rollout-watch.ts')).watchRollout))

  rollout
    .command('status [flag]')
    .description('says where rollouts stand')
    .action(lazily(async () => (await import('./commands/rollout-status.ts')).showStatus))

  const orders = () => import('./commands/rollout-orders.ts')
  withNote(
    rollout.command('pause <flag>').description('stops where it is; guards go on watching'),
  ).action(lazily(async () => (await orders()).pauseRollout))
  withNote(rollout.command('resume <flag>').description('goes on where it was paused')).action(
    lazily(async () => (await orders()).resumeRollout),
  )
  withNote(
    rollout.command('promote <flag>').description('goes to the next stage before its time'),
  ).action(lazily(async () => (await orders()).promoteRollout))
  withNote(rollout.command('rollback <flag>').description('goes back to 0 percent now')).action(
    lazily(async () => (await orders()).rollBackRollout),
  )
  withNote(rollout.command('abort <flag>').description('gives up control; the share stays')).action(
    lazily(async () => (await orders()).abortRollout),
  )
  withNote(
    rollout
      .command('declare <flag> <condition>')
      .description('declares data_corruption and the like: goes back at once'),
  ).action(lazily(async () => (await orders()).declareCondition))
}

function declareApprovals(program: Command, lazily: Lazily): void {
  const approvals = program
    .command('approvals')
    .description('lists what waits for approval')
    .option('--all', 'those that are over, too')
    .action(lazily(async () => (await import('./commands/approvals.ts')).listApprovals))
  approvals
    .command('show <id>')
    .description('shows exactly what is asked, with its digest')
    .action(lazily(async () => (await import('./commands/approvals.ts')).showApproval))

  const answers = () => import('./commands/approval-answers.ts')
  withNote(program.command('approve <id>').description('says yes to what somebody else asks for'))
    .option('--digest <hex>', 'of what you looked at: then nothing is asked')
    .action(lazily(async () => (await answers()).approve))
  withNote(program.command('reject <id>').description('says no: one is enough')).action(
    lazily(async () => (await answers()).reject),
  )
  withNote(program.command('withdraw <id>').description('takes a request of your own back')).action(
    lazily(async () => (await answers()).withdraw),
  )
  withNote(
    program.command('review <id>').description('says that you looked at an emergency'),
  ).action(lazily(async () => (await answers()).review))

  const requests = () => import('./commands/approval-requests.ts')
  const request = program.command('request').description('asks for approval before it is needed')
  withEmergency(withTerms(request.command('rollout <flag>').description('of a rollout'))).action(
    lazily(async () => (await requests()).requestRollout),
  )
  withEmergency(
    withNote(request.command('stage <flag>').description("of a rollout's next stage")),
  ).action(lazily(async () => (await requests()).requestStage))
}

function declareForesight(program: Command, lazily: Lazily): void {
  withPlan(program.command('forecast [flag]').description('what a rollout will find and prove'))
    .option('--rps <number>', 'requests a second, over both arms')
    .option('--baseline <share>', 'how many of them fail today, as 0.5%')
    .option('--p95 <ms>', 'their p95 today, to forecast latencies too')
    .action(lazily(async () => (await import('./commands/forecast.ts')).showForecast))
  program
    .command('replay <file>')
    .description('what guards would have made of recorded ticks; ends with 2 where they roll back')
    .option('--flag <key>', 'by the guards that the configuration has for it')
    .option('--guards <names>', guardNames)
    .option('--alpha <chance>', 'the most a healthy canary goes back by chance, as 1%')
    .action(lazily(async () => (await import('./commands/replay.ts')).replayFile))
}

function withEmergency(command: Command): Command {
  return command.option('--emergency <incident>', 'approves at once, alone and aloud')
}

function withTerms(command: Command): Command {
  return withNote(withPlan(command)).option(
    '--type <type>',
    'what kind of change it is, for its approval: minor, major, …',
  )
}

const guardNames = 'error_rate, latency, declaration, policy, none'

function withPlan(command: Command): Command {
  return command
    .option('--plan <plan>', 'canary, or a JSON file')
    .option('--stages <percents>', 'as 5,25,50,100')
    .option('--monitor <time>', 'how long each stage is watched, as 1h')
    .option('--guards <names>', guardNames)
    .option('--alpha <chance>', 'the most a healthy canary goes back by chance, as 1%')
}
