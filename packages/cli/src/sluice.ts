#!/usr/bin/env node
import { machineClock } from './machine-clock.ts'
import { runProcess } from './run-process.ts'

void runProcess({ clock: machineClock })
