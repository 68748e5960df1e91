/** The shapes of admissions and check-ins on the wire: requests, with every bound, and responses. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { SearchWords } from '../core/search.ts'
import { Line } from '../core/text.ts'
import { Instant, InstantIn } from '../core/time.ts'
import { EventSummary } from '../events/contract.ts'
import { Reservation, Ticket } from '../tickets/contract.ts'
import { CODE_LETTERS } from './code.ts'

/** The most scans of one batch. With the longest texts they fit the largest body. */
export const MAX_SCANS = 100

// ——— The holder ———

/** One of the caller's own reservations, with its raffle or its ticket type and event. */
export const MyReservation = z.lazy(() =>
  z
    .strictObject({
      reservation: Reservation,
      tickets: z.array(Ticket),
      raffle: z.strictObject({ id: Id('raffle'), title: z.string(), drawAt: Instant }).nullable(),
      ticketType: z.strictObject({ id: Id('ticketType'), title: z.string() }).nullable(),
      event: EventSummary.nullable(),
    })
    .meta({ id: 'MyReservation' }),
)
export type MyReservation = z.infer<typeof MyReservation>

export const MyReservationPage = Page(MyReservation)

const TypeInShort = z.strictObject({ id: Id('ticketType'), name: z.string() })

/** One admission, as its holder sees it. */
export const Admission = z.lazy(() =>
  z
    .strictObject({
      reservationId: Id('reservation'),
      number: z.number().int(),
      ticketType: TypeInShort,
      event: EventSummary,
      code: z
        .string()
        .nullable()
        .describe(
          'What a scanner reads: the text of the QR. Null while the ticket is not sold or a required name is missing, and once it is voided.',
        ),
      onlineUrl: z
        .string()
        .nullable()
        .describe(
          'Where an online event takes place, while the ticket is valid. Null: not said, or not online.',
        ),
      attendeeName: z.string().nullable(),
      checkedInAt: Instant.nullable(),
    })
    .meta({ id: 'Admission' }),
)
export type Admission = z.infer<typeof Admission>

export const AdmissionPage = Page(Admission)

/** The first numbers have few digits; none has a leading zero. */
const NumberInPath = z
  .string()
  .regex(/^[1-9]\d{0,6}$/)
  .transform(Number)
export const AdmissionParams = z.object({ id: Id('reservation'), number: NumberInPath })

export const SetAttendee = z.strictObject({ attendeeName: Line(1, 160) }).meta({ id: 'SetAttendee' })
export type SetAttendee = z.infer<typeof SetAttendee>

// ——— The door ———

/** No scanner's clock is so wrong that it shows an earlier year. */
const EARLIEST = Date.parse('2000-01-01T00:00:00Z')
const ScannedAt = InstantIn.refine((ms) => ms >= EARLIEST, 'must lie after the year 2000').meta({
  description: 'When the ticket was scanned. A time that is still to come counts as now.',
})
// White space around a code does no harm.
const Code = z
  .string()
  .min(1)
  .max(CODE_LETTERS + 16)
const Gate = Line(1, 60)
const ScanId = z.string().regex(/^[\w.:-]{1,64}$/, 'must have 1 to 64 of the characters A–Z a–z 0–9 _ . : -')

export const CreateCheckIn = z
  .strictObject({
    code: Code,
    gate: Gate.nullable().default(null),
    scanId: ScanId.optional(),
    scannedAt: ScannedAt.optional(),
  })
  .meta({ id: 'CreateCheckIn' })
export type CreateCheckIn = z.infer<typeof CreateCheckIn>

export const CheckInBatch = z
  .strictObject({
    scans: z
      .array(
        z
          .strictObject({
            code: Code,
            gate: Gate.nullable().default(null),
            scanId: ScanId,
            scannedAt: ScannedAt,
          })
          .meta({ id: 'LateScan' }),
      )
      .min(1)
      .max(MAX_SCANS),
  })
  .meta({ id: 'CheckInBatch' })
export type CheckInBatch = z.infer<typeof CheckInBatch>

export const CheckIn = z.lazy(() =>
  z
    .strictObject({
      id: Id('checkIn'),
      eventId: Id('event'),
      ticketType: TypeInShort,
      reservationId: Id('reservation'),
      number: z.number().int(),
      attendeeName: z.string().nullable(),
      scannedAt: Instant,
      receivedAt: Instant,
      by: Id('user').describe('The member who scanned.'),
      gate: z.string().nullable(),
      scanId: z.string().nullable(),
      conflictWith: Id('checkIn')
        .nullable()
        .describe('The check-in that came first with the same ticket. Null: none did.'),
      wasValid: z
        .boolean()
        .describe(
          'False: a scanner that was offline let somebody in with a ticket that had been refunded, given back or passed on, or was about to be. It counts as a conflict.',
        ),
      undone: z
        .strictObject({
          at: Instant,
          by: Id('user').describe('The member who undid it.'),
          reason: z.string(),
        })
        .nullable()
        .describe('Null: it counts.'),
    })
    .meta({ id: 'CheckIn' }),
)
export type CheckIn = z.infer<typeof CheckIn>

export const CheckInPage = Page(CheckIn)

export const ScanResults = z.lazy(() =>
  z
    .strictObject({
      results: z
        .array(
          z
            .strictObject({
              scanId: z.string(),
              result: z.enum(['admitted', 'alreadyIn', 'refused']).meta({
                description:
                  '`alreadyIn`: somebody was let in with this ticket before. `refused`: the code is not genuine, or the ticket is no longer valid. The scan of a genuine ticket is kept as a conflict.',
              }),
              checkInId: Id('checkIn').nullable().describe('What is stored of this scan. Null: nothing.'),
              first: z
                .strictObject({ id: Id('checkIn'), scannedAt: Instant, gate: z.string().nullable() })
                .nullable()
                .describe('For `alreadyIn`: when and where the ticket was used first.'),
              reason: z.string().nullable().describe('For `refused`: why.'),
            })
            .meta({ id: 'ScanResult' }),
        )
        .describe('One for each scan, in the order in which they were sent.'),
    })
    .meta({ id: 'ScanResults' }),
)
export type ScanResults = z.infer<typeof ScanResults>

const YesNo = z.stringbool({ truthy: ['true'], falsy: ['false'] })

export const ListCheckIns = PageQuery.extend({
  conflict: YesNo.optional().meta({
    description:
      '`true`: only scans of tickets with which somebody was in already, or which were no longer valid; `false`: only the others.',
  }),
})
export type ListCheckIns = z.infer<typeof ListCheckIns>

export const CheckInParams = z.object({ id: Id('event'), checkInId: Id('checkIn') })

export const CheckInCounts = z.lazy(() =>
  z
    .strictObject({
      ticketTypes: z.array(
        z.strictObject({
          id: Id('ticketType'),
          name: z.string(),
          sold: z.number().int(),
          checkedIn: z.number().int(),
        }),
      ),
      sold: z.number().int(),
      checkedIn: z.number().int(),
    })
    .meta({ id: 'CheckInCounts' }),
)
export type CheckInCounts = z.infer<typeof CheckInCounts>

// ——— Who is expected ———

export const ExpectedAdmission = z.lazy(() =>
  z
    .strictObject({
      reservationId: Id('reservation'),
      number: z.number().int(),
      ticketType: TypeInShort,
      holder: z.strictObject({
        id: Id('user'),
        name: z.string(),
        email: z.string().nullable().describe('Only for members with `entrants:read`; for others null.'),
      }),
      attendeeName: z.string().nullable(),
      checkedInAt: Instant.nullable(),
      gate: z.string().nullable(),
    })
    .meta({ id: 'ExpectedAdmission' }),
)
export type ExpectedAdmission = z.infer<typeof ExpectedAdmission>

export const ExpectedAdmissionPage = Page(ExpectedAdmission)

/** Which admissions a file has. */
export const ExpectedFilter = z.object({
  ticketTypeId: Id('ticketType').optional(),
  checkedIn: YesNo.optional(),
})
export type ExpectedFilter = z.infer<typeof ExpectedFilter>

export const ListExpected = PageQuery.extend({ ...ExpectedFilter.shape, q: SearchWords.optional() })
export type ListExpected = z.infer<typeof ListExpected>
