// Loads what the worker loads at its first use. In the bundle that needs no I/O. Here the test runner asks for a module by I/O
// of the request that loads it, each time: another request that loads it meanwhile hangs, or goes on as the first one.
import { loadZxcvbn } from '../../src/accounts/password-strength.ts'
import { loadQr } from '../../src/admissions/draw-qr.ts'
import { loadSlugify } from '../../src/core/slug.ts'
import { loadStripe } from '../../src/money/providers/stripe/client.ts'
import { loadBeacon } from '../../src/tickets/load-beacon.ts'

await Promise.all([loadZxcvbn(), loadQr(), loadSlugify(), loadStripe(), loadBeacon()])
