// Half of the seeds that every change is tested with.
import { seedsAccountForEverything } from './simulation-seeds.ts'

seedsAccountForEverything(1, 25)
