// The other half of the seeds that every change is tested with.
import { seedsAccountForEverything } from './seeds.ts'

seedsAccountForEverything(26, 25)
