/** Mails in Spanish. */
import { item, links, listIn, type MailWords, moneyIn, timeIn } from './content.ts'
import type { Admitted } from './kinds.ts'

const money = moneyIn('es')
const time = timeIn('es')
const list = listIn('es')
const METHODS = { phone: 'un número de teléfono', bank: 'una cuenta bancaria', account: 'una cuenta' }
const tickets = (count: number): string => (count === 1 ? '1 boleto' : `${count} boletos`)

/** When and where the events are, and where the tickets are. */
function admitted(events: readonly Admitted[]): string[] {
  if (events.length === 0) return []
  return [
    ...events.flatMap(({ title, startsAt, timeZone, place }) => [
      `«${title}» empieza el ${time(startsAt, timeZone)}.`,
      place === null ? 'Es en línea. El enlace está con tus entradas.' : `Lugar: ${place}`,
    ]),
    'Tus entradas y sus códigos están donde las compraste, entre tus entradas. Cada código deja pasar a una persona.',
    ...(events.some(({ needsNames }) => needsNames)
      ? ['Indica allí quién viene con cada entrada: antes de eso no tiene código.']
      : []),
  ]
}

export const ES: MailWords = {
  greeting: (name) => `Hola, ${name}:`,
  greetingWithoutName: 'Hola:',
  footer: 'Recibes este correo porque tienes una cuenta en Tombola.',
  mails: {
    verify_email: (_, about) => ({
      title: 'Verifica tu dirección de correo',
      lines: [
        'Confirma que esta dirección es tuya. El enlace sirve una sola vez, durante tres días.',
        'Si no te has registrado, ignora este correo.',
      ],
      link: { label: 'Verificar mi dirección', url: links.verify(about) },
    }),
    reset_password: (_, about) => ({
      title: 'Elige una contraseña nueva',
      lines: [
        'Alguien pidió una contraseña nueva para tu cuenta. El enlace sirve una sola vez, durante una hora.',
        'Si no fuiste tú, ignora este correo: tu contraseña sigue siendo la misma.',
      ],
      link: { label: 'Elegir una contraseña nueva', url: links.reset(about) },
    }),
    suspended: () => ({
      title: 'Tu cuenta está suspendida',
      lines: [
        'Cerramos todas tus sesiones y cancelamos tus pedidos que no estaban pagados.',
        'Cancelamos tus boletos de los sorteos cuya lista de boletos aún puede cambiar y tus entradas de los eventos que no han terminado. Te devolvemos lo que pagaste por todo ello.',
        'Tus boletos de los demás sorteos siguen en sus listas.',
      ],
    }),
    address_taken: (_, about) => ({
      title: 'Ya tienes una cuenta',
      lines: [
        'Alguien intentó registrarse con esta dirección de correo, pero ya tiene una cuenta.',
        'Si fuiste tú, inicia sesión con tu contraseña o elige una nueva. El enlace sirve una sola vez, durante una hora.',
        'Si no fuiste tú, ignora este correo: nada ha cambiado.',
      ],
      link: { label: 'Elegir una contraseña nueva', url: links.reset(about) },
    }),
    invitation: ({ organisation }, about) => ({
      title: `${organisation} te invita`,
      lines: [
        `${organisation} te invita a llevar sus sorteos y su tienda.`,
        'Si todavía no tienes una cuenta, regístrate primero con esta dirección de correo. Después abre el enlace y acepta.',
        'El enlace sirve una sola vez, durante siete días. Si no quieres, ignora este correo: sin ti no pasa nada.',
      ],
      link: { label: 'Ver la invitación', url: links.accept(about) },
      footer: `Recibes este correo porque ${organisation} escribió tu dirección.`,
    }),
    order_paid: (order) => ({
      title: order.amount === 0 ? 'Tu pedido está confirmado' : 'Tu pago ha llegado',
      lines: [
        order.amount === 0
          ? 'Tu pedido no cuesta nada. Esto ya es tuyo:'
          : `Recibimos ${money(order)}. ¡Gracias! Esto ya es tuyo:`,
        ...order.items.map(item),
        ...admitted(order.events),
        `Pedido: ${order.orderId}`,
      ],
    }),
    refund_paid: ({ items = [], cancelled, waiting, ...refund }) => ({
      title:
        cancelled === undefined
          ? 'Te hemos enviado un reembolso'
          : `Cancelado y reembolsado: ${list(items.map(({ title }) => `«${title}»`))}`,
      lines: [
        ...(cancelled === undefined
          ? []
          : [
              cancelled === 'event'
                ? 'El evento se cancela. Tus entradas ya no son válidas.'
                : 'El sorteo se cancela. Tus boletos ya no son válidos.',
            ]),
        `Devolvimos ${money(refund)} por donde llegó el pago. Puede tardar unos días en aparecer.`,
        ...(waiting === 0 ? [] : [`Otros ${money({ ...refund, amount: waiting })} están en camino.`]),
        ...(items.length === 0 ? [] : ['Corresponde a:', ...items.map(item)]),
        ...(refund.reason === undefined ? [] : [`Motivo: ${refund.reason}`]),
        `Pedido: ${refund.orderId}`,
      ],
    }),
    won: ({ title, raffleId, prizes, claimBy, timeZone }, about) => ({
      title: `Has ganado: ${list(prizes)}`,
      lines: [
        `¡Felicidades! En el sorteo de «${title}» has ganado ${list(prizes)}.`,
        `Reclámalo donde participaste, hasta el ${time(claimBy, timeZone)}.`,
        `Sorteo: ${raffleId}`,
      ],
      link: { label: 'Ir al sorteo', url: links.claim(about, raffleId) },
    }),
    result_corrected: ({ title, raffleId, reason }) => ({
      title: `Se corrigió el resultado de «${title}»`,
      lines: [
        `La lotería que decide «${title}» corrigió su resultado: ${reason}`,
        'Por eso el premio del que te escribimos ya no es tuyo. Si el resultado corregido te da un premio, recibirás otro correo.',
        'Cualquiera puede comprobar el resultado: la prueba muestra los dos.',
        `Sorteo: ${raffleId}`,
      ],
    }),
    lost: ({ title, raffleId }) => ({
      title: `El sorteo de «${title}»`,
      lines: [
        `«${title}» ya se ha sorteado y esta vez tus boletos no ganaron. ¡Gracias por participar!`,
        'Cualquiera puede comprobar que el sorteo fue justo: la prueba está junto al resultado.',
        `Sorteo: ${raffleId}`,
      ],
    }),
    claim_reminder_3d: ({ title, raffleId, prizes, claimBy, timeZone }, about) => ({
      title: `Te quedan tres días para reclamar ${list(prizes)}`,
      lines: [
        `Ganaste ${list(prizes)} en «${title}» y todavía no lo has reclamado.`,
        `Reclámalo donde participaste: es tuyo hasta el ${time(claimBy, timeZone)}.`,
        `Sorteo: ${raffleId}`,
      ],
      link: { label: 'Ir al sorteo', url: links.claim(about, raffleId) },
    }),
    claim_reminder_1d: ({ title, raffleId, prizes, claimBy, timeZone }, about) => ({
      title: `Te queda un día para reclamar ${list(prizes)}`,
      lines: [
        `Ganaste ${list(prizes)} en «${title}» y todavía no lo has reclamado.`,
        `Reclámalo donde participaste: después del ${time(claimBy, timeZone)} dejará de ser tuyo.`,
        `Sorteo: ${raffleId}`,
      ],
      link: { label: 'Ir al sorteo', url: links.claim(about, raffleId) },
    }),
    commitment: (
      { title, raffleId, tickets: count, commitment, signature, drawAt, timeZone },
      { writtenAt },
    ) => ({
      title: `Se cerró la venta: «${title}»`,
      lines: [
        ...(writtenAt < drawAt
          ? [
              `${count === 1 ? 'Participa' : 'Participan'} ${tickets(count)} y el sorteo será el ${time(drawAt, timeZone)}.`,
              'La lista de boletos ya no cambia. Guarda este correo: con él puedes demostrar que nada se modificó después.',
            ]
          : [
              `${count === 1 ? 'Participó' : 'Participaron'} ${tickets(count)} y el sorteo fue el ${time(drawAt, timeZone)}.`,
              'Con esto se fijó antes la lista de boletos:',
            ]),
        `Sorteo: ${raffleId}`,
        `Compromiso: ${commitment}`,
        `Firma: ${signature}`,
      ],
    }),
    ticket_given: ({ transferId, title, expiresAt, timeZone }) => ({
      title: `Una entrada para ti: «${title}»`,
      lines: [
        `Alguien te regala una entrada para «${title}».`,
        'Para aceptarla, inicia sesión con esta dirección de correo o regístrate antes con ella. La encontrarás entre tus entradas.',
        `Puedes aceptarla hasta el ${time(expiresAt, timeZone)}. Si no la quieres, ignora este correo: sin ti no pasa nada.`,
        `Oferta: ${transferId}`,
      ],
      footer: 'Recibes este correo porque alguien escribió tu dirección.',
    }),
    tickets_offered: ({ ticketTypeId, title, quantity, until, timeZone }) => ({
      title: `${quantity === 1 ? 'Hay una entrada libre' : 'Hay entradas libres'}: «${title}»`,
      lines: [
        `Te guardamos ${quantity === 1 ? '1 entrada' : `${quantity} entradas`} de «${title}» hasta el ${time(until, timeZone)}.`,
        'Compra donde te apuntaste a la lista de espera. Si no quieres, sal de la lista para que le toque a la siguiente persona.',
        `Tipo de entrada: ${ticketTypeId}`,
      ],
    }),
    payout_method_added: ({ what, payableFrom, isPayable }) => ({
      title: 'Una nueva forma de cobrar tus premios',
      lines: [
        `Se añadió ${METHODS[what]} a tu cuenta. Los premios en dinero se pueden pagar ahí.`,
        isPayable
          ? 'Ya has pagado desde este número, así que el dinero puede llegar ahí desde ahora.'
          : `No se enviará dinero ahí antes del ${time(payableFrom, 'UTC')}.`,
        ...(isPayable
          ? [
              'Si no fuiste tú, elige ahora una contraseña nueva. Después elimina esta forma de cobro y reclama otra vez tus premios con la tuya.',
            ]
          : ['Si no fuiste tú, elige ahora una contraseña nueva: así se elimina esta forma de cobro.']),
      ],
    }),
    stripe_account_opened: () => ({
      title: 'Una cuenta en Stripe para tus premios',
      lines: [
        'Se abrió una cuenta en Stripe para recibir tus premios en dinero.',
        'Si no fuiste tú, elige ahora una contraseña nueva: durante el primer día eso elimina la cuenta. Después, elimínala tú.',
      ],
    }),
    payout_method_removed: ({ what, why }) => ({
      title:
        what === 'several'
          ? 'Se eliminaron formas de cobro nuevas'
          : 'Se eliminó una forma de cobrar tus premios',
      lines: [
        what === 'several'
          ? 'Se eliminaron las formas de cobro añadidas hace menos de un día, porque tu contraseña es nueva.'
          : `Se eliminó ${METHODS[what]} de tus formas de cobro.`,
        'Los premios que aún no se pagaron ahí te esperan: reclámalos otra vez con otra forma de cobro.',
        ...(why === 'owner' ? ['Si no fuiste tú, elige ahora una contraseña nueva.'] : []),
      ],
    }),
    event_postponed: ({ title, eventId, wasStartsAt, startsAt, refundUntil, timeZone, reason }) => ({
      title: `Se aplaza: «${title}»`,
      lines: [
        `«${title}» iba a empezar el ${time(wasStartsAt, timeZone)}. Ahora empieza el ${time(startsAt, timeZone)}.`,
        `Motivo: ${reason}`,
        'Tus entradas siguen siendo válidas para la nueva fecha.',
        `Si no puedes ir, devuélvelas donde las conseguiste. Hasta el ${time(refundUntil, timeZone)} recuperas todo lo que pagaste por ellas.`,
        `Evento: ${eventId}`,
      ],
    }),
    event_cancelled: ({ title, eventId, startsAt, timeZone, reason }) => ({
      title: `Se cancela: «${title}»`,
      lines: [
        `«${title}», que iba a empezar el ${time(startsAt, timeZone)}, se cancela. Tus entradas ya no son válidas.`,
        `Motivo: ${reason}`,
        `Evento: ${eventId}`,
      ],
    }),
    wait_ended: ({ title, eventId, startsAt, timeZone, reason }) => ({
      title: `Se cancela: «${title}»`,
      lines: [
        `«${title}», que iba a empezar el ${time(startsAt, timeZone)}, se cancela. Esperabas entradas: ya no habrá.`,
        `Motivo: ${reason}`,
        `Evento: ${eventId}`,
      ],
    }),
  },
}
