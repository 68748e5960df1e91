/** Applies every migration to a test file's own databases before its tests. */
import { migrateAll } from './databases.ts'

await migrateAll()
