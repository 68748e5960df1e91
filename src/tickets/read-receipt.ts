/** A holder's signed receipt of a reservation: it proves that the tickets were sold, whatever the server says later. */
import type { Ctx } from '../core/context.ts'
import { signingKeyFromSeed } from '../core/native-crypto.ts'
import { fromHex, toHex } from '../rdp1/encoding.ts'
import type { Receipt } from '../rdp1/proof.ts'
import { receiptMessage } from '../rdp1/signatures.ts'
import { askPool, orThrow } from './client.ts'
import { findReservation } from './find-reservation.ts'
import { labelOf } from './number-label.ts'
import { reservationAddress } from './reservation-id.ts'

export async function readReceipt(ctx: Ctx, id: string): Promise<Receipt> {
  const { itemId: raffleId, reservation, digits } = await findReservation(ctx, id)
  const { pool, seq } = reservationAddress(id)
  const { issued } = orThrow(await askPool(ctx, pool, (stub) => stub.issued(seq, id)))
  const key = signingKeyFromSeed(ctx.settings.SIGNING_KEY)
  const userId = reservation.holder
  const salt = issued.salt === null ? null : fromHex(issued.salt)
  const { commitment } = issued
  return {
    raffleId,
    userId,
    salt: issued.salt,
    reservationId: id,
    // Without the salt, no signature can tie a ticket to the person.
    tickets:
      salt === null
        ? []
        : issued.tickets.map(({ number, logIndex, unixMs, path }) => ({
            number,
            label: labelOf(number, digits),
            logIndex,
            unixMs,
            signature: toHex(key.sign(receiptMessage({ raffleId, userId, salt, number, logIndex, unixMs }))),
            inclusion: { size: issued.log.size, root: issued.log.root, path },
          })),
    commitment:
      commitment === null
        ? null
        : {
            commitment: commitment.commitment,
            commitmentSignature: commitment.commitmentSignature,
            committedAt: commitment.committedAt,
            round: commitment.round,
            effectiveDrawAt: commitment.effectiveDrawAt,
            closeReason: commitment.closeReason,
            rulesHash: commitment.rulesHash,
            listHash: commitment.listHash,
            ticketCount: commitment.ticketCount,
            log: commitment.log,
          },
  }
}
