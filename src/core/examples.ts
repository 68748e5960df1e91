/** Ids that the API document's examples share. */
export const EXAMPLE_RAFFLE_ID = 'raffle_01kaf1q7v8fmk9m2q0c8w1g6ne'
export const EXAMPLE_CATEGORY_ID = 'cat_01kaf1q7v8fmk9m2q0c8w1g6ne'
export const EXAMPLE_PRODUCT_ID = 'prod_01kaf1q7v8fmk9m2q0c8w1g6ne'
export const EXAMPLE_TICKET_TYPE_ID = 'ttype_01kaf1q7v8fmk9m2q0c8w1g6ne'
export const EXAMPLE_RESERVATION_ID = 'res_01kaf1q7v8e009m2q0c8w1g6ne'
export const EXAMPLE_WINNER_ID = 'winner_01kaf1q7v8fmk9m2q0c8w1g6ne'
export const EXAMPLE_ORGANISATION = {
  id: 'org_01kaf1q7v8fmk9m2q0c8w1g6ne',
  slug: 'kilimani-books',
  name: 'Kilimani Books',
}
