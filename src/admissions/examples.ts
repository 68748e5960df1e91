/** Examples for the API document. */
import { EXAMPLE_RAFFLE_ID, EXAMPLE_RESERVATION_ID } from '../core/examples.ts'
import { EXAMPLE_EVENT, EXAMPLE_EVENT_ID, EXAMPLE_TICKET_TYPE } from '../events/examples.ts'
import { EXAMPLE_RESERVED } from '../tickets/examples.ts'

const EXAMPLE_CHECK_IN_ID = 'checkin_01kaf1q7v8fmk9m2q0c8w1g6ne'
const EXAMPLE_USER_ID = 'user_01kaf1q7v8fmk9m2q0c8w1g6ne'
/** The code of number 17 under the key of development. */
const EXAMPLE_CODE =
  '040SN7GVKXM7004T1BG64E0R3AQ0000H760VPVW3BVQ0VTMZRFNEE4F813XK6B2XB1EN8B7X81Y0WK0XY1PBTBKJQKXW4GWWX87EM5KS423A0N10TF599B5VS1VRRBYDSXSMP20'

const { id, status, title, place, startsAt, endsAt, timeZone } = EXAMPLE_EVENT
const event = { id, status, title, place, startsAt, endsAt, timeZone }
const ticketType = { id: EXAMPLE_TICKET_TYPE.id, name: EXAMPLE_TICKET_TYPE.name }
const ticket = { reservationId: EXAMPLE_RESERVATION_ID, number: 17, ticketType }

export const EXAMPLE_MY_RESERVATION = {
  reservation: EXAMPLE_RESERVED.reservation,
  tickets: EXAMPLE_RESERVED.tickets,
  raffle: { id: EXAMPLE_RAFFLE_ID, title: 'Signed first editions', drawAt: '2026-11-27T17:00:00.000Z' },
  ticketType: null,
  event: null,
}

export const EXAMPLE_ADMISSION = {
  ...ticket,
  event,
  code: EXAMPLE_CODE,
  onlineUrl: null,
  attendeeName: 'Otieno Ouma',
  checkedInAt: null,
}

export const EXAMPLE_CHECK_IN = {
  id: EXAMPLE_CHECK_IN_ID,
  eventId: EXAMPLE_EVENT_ID,
  ...ticket,
  attendeeName: 'Otieno Ouma',
  scannedAt: '2026-12-05T14:32:10.000Z',
  receivedAt: '2026-12-05T14:32:10.120Z',
  by: EXAMPLE_USER_ID,
  gate: 'North',
  scanId: 'north-0001',
  conflictWith: null,
  wasValid: true,
  undone: null,
}

export const EXAMPLE_UNDONE = {
  ...EXAMPLE_CHECK_IN,
  undone: { at: '2026-12-05T14:33:00.000Z', by: EXAMPLE_USER_ID, reason: 'Scanned by mistake.' },
}

export const EXAMPLE_RESULTS = {
  results: [
    { scanId: 'south-0007', result: 'admitted', checkInId: EXAMPLE_CHECK_IN_ID, first: null, reason: null },
  ],
}

export const EXAMPLE_COUNTS = {
  ticketTypes: [{ ...ticketType, sold: 12, checkedIn: 9 }],
  sold: 12,
  checkedIn: 9,
}

export const EXAMPLE_EXPECTED = {
  ...ticket,
  holder: { id: EXAMPLE_USER_ID, name: 'Amina Wanjiru', email: 'amina@example.com' },
  attendeeName: 'Otieno Ouma',
  checkedInAt: null,
  gate: null,
}

/** Request bodies, by schema name. */
export const BODIES = {
  SetAttendee: { attendeeName: 'Otieno Ouma' },
  CreateCheckIn: { code: EXAMPLE_CODE, gate: 'North', scanId: 'north-0001' },
  CheckInBatch: {
    scans: [
      { code: EXAMPLE_CODE, gate: 'South', scanId: 'south-0007', scannedAt: '2026-12-05T14:30:00+03:00' },
    ],
  },
  Reason: { reason: 'Scanned by mistake.' },
}
