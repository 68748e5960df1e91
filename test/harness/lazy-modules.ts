// Loads what the worker loads at first use. In the bundle that needs no I/O. Here the test runner fetches such a module within
// the request that asks first, and another request that waits for the same module then hangs.
import '@sindresorhus/slugify'
import '@zxcvbn-ts/core'
import 'lean-qr'
import 'lean-qr/extras/svg'
import 'stripe'
import '../../src/rdp1/beacon.ts'
